curl http://127.0.0.1:8000/api/ada/export.ics \
  --header "Authorization: Bearer $TOKEN" \
  --output tasks.ics
