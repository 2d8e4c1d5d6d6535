curl 'http://127.0.0.1:8000/api/ada/import.json?dry_run=true' \
  --header "Authorization: Bearer $TOKEN" \
  --json @tasklane.json
