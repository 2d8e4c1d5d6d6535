curl 'http://127.0.0.1:8000/api/ada/import.csv?dry_run=true' \
  --header "Authorization: Bearer $TOKEN" \
  --header 'Content-Type: text/csv' --data-binary @tasks.csv
