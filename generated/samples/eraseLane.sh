curl --request DELETE 'http://127.0.0.1:8000/api/ada?confirm=ada' \
  --header "Authorization: Bearer $TOKEN"
