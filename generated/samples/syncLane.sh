curl 'http://127.0.0.1:8000/api/ada/sync?limit=200' \
  --header "Authorization: Bearer $TOKEN"
