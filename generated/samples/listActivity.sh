curl 'http://127.0.0.1:8000/api/ada/activity?type=task&limit=20' \
  --header "Authorization: Bearer $TOKEN"
