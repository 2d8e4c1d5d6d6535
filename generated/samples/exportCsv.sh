curl http://127.0.0.1:8000/api/ada/export.csv \
  --header "Authorization: Bearer $TOKEN" \
  --output tasks.csv
