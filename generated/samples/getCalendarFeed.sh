curl http://127.0.0.1:8000/api/ada/calendar-feed \
  --header "Authorization: Bearer $TOKEN"
