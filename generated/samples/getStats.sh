curl 'http://127.0.0.1:8000/api/ada/stats?from=2026-11-20&until=2026-11-21' \
  --header "Authorization: Bearer $TOKEN"
