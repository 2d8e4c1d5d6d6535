curl --request PATCH http://127.0.0.1:8000/api/ada/profile \
  --header "Authorization: Bearer $TOKEN" \
  --json '{ "time_zone": "Europe/Zurich" }'
