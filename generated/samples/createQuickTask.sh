curl http://127.0.0.1:8000/api/ada/tasks/quick \
  --header "Authorization: Bearer $TOKEN" \
  --json '{
  "text": "Pay rent every 1st at 9 #home !30m p1",
  "time_zone": "Europe/Zurich"
}'
