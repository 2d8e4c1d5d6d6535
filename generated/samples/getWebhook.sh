curl http://127.0.0.1:8000/api/ada/webhooks/019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d80 \
  --header "Authorization: Bearer $TOKEN"
