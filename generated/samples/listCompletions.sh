curl 'http://127.0.0.1:8000/api/ada/completions?completed_after=2026-01-01T00%3A00%3A00.000Z' \
  --header "Authorization: Bearer $TOKEN"
