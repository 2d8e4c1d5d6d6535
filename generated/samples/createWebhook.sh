curl http://127.0.0.1:8000/api/ada/webhooks \
  --header "Authorization: Bearer $TOKEN" \
  --json '{
  "url": "https://hooks.example.com/tasklane",
  "description": "The team'\''s chat",
  "events": ["task.created", "project.*"]
}'
