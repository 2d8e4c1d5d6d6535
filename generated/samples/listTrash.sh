curl 'http://127.0.0.1:8000/api/ada/trash?limit=20' \
  --header "Authorization: Bearer $TOKEN"
