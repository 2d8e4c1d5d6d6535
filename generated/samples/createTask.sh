curl http://127.0.0.1:8000/api/ada/tasks \
  --header "Authorization: Bearer $TOKEN" \
  --json '{
  "title": "Water the plants",
  "priority": "high",
  "tags": ["home"],
  "due_date": "2026-11-21",
  "due_time": "18:00",
  "time_zone": "Europe/Zurich",
  "rrule": "FREQ=WEEKLY",
  "reminders": [{ "minutes_before_due": 30 }]
}'
