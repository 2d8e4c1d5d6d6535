curl http://127.0.0.1:8000/.well-known/oauth-protected-resource
