#!/bin/sh
# Requests an access token and lists the account's stores with it. Server, account and client are in the environment.
set -eu
account="$TILLKEEPER_URL/v1/accounts/$TILLKEEPER_ACCOUNT"

token=$(curl -sS --fail-with-body -u "$TILLKEEPER_CLIENT_ID:$TILLKEEPER_CLIENT_SECRET" \
  -H 'Content-Type: application/json' \
  -d "{\"grant_type\": \"client_credentials\", \"audience\": \"$account\"}" \
  "$account/auth/token" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

curl -sS --fail-with-body -H "Authorization: Bearer $token" -w '\n' "$account/stores"
