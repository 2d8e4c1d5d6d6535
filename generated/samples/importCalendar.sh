curl 'http://127.0.0.1:8000/api/ada/import.ics?dry_run=true' \
  --header "Authorization: Bearer $TOKEN" \
  --header 'Content-Type: text/calendar' --data-binary @tasks.ics
