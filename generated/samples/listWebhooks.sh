curl http://127.0.0.1:8000/api/ada/webhooks \
  --header "Authorization: Bearer $TOKEN"
