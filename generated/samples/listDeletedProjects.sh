curl http://127.0.0.1:8000/api/ada/deleted-projects \
  --header "Authorization: Bearer $TOKEN"
