curl http://127.0.0.1:8000/api/ada/events \
  --no-buffer \
  --header "Authorization: Bearer $TOKEN"
