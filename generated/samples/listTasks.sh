curl 'http://127.0.0.1:8000/api/ada/tasks?view=today&sort=-priority,created_at&limit=20' \
  --header "Authorization: Bearer $TOKEN"
