curl http://127.0.0.1:8000/api/ada/export \
  --header "Authorization: Bearer $TOKEN" \
  --output tasklane.json
