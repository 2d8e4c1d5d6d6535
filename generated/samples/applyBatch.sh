curl http://127.0.0.1:8000/api/ada/batch \
  --header "Authorization: Bearer $TOKEN" \
  --json '{
  "atomic": true,
  "operations": [
    { "op": "create_project", "ref": "garden", "project": { "name": "Garden" } },
    {
      "op": "create_task",
      "ref": "plants",
      "task": { "title": "Water the plants", "project_id": "$garden" }
    },
    {
      "op": "create_task",
      "task": { "title": "Fill the can", "parent_id": "$plants" }
    }
  ]
}'
