curl http://127.0.0.1:8000/api/ada/projects \
  --header "Authorization: Bearer $TOKEN"
