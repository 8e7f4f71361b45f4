"""Tokens by requests-oauthlib and Authlib, and what each makes of a refusal. Prints one JSON object."""
import json
import os

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
url, account = os.environ["SERVER_URL"], os.environ["SERVER_ACCOUNT"]
client_id, secret = os.environ["SERVER_CLIENT_ID"], os.environ["SERVER_CLIENT_SECRET"]
endpoint = f"{url}/v1/accounts/{account}/auth/token"
elsewhere = "https://elsewhere.example/v1/accounts/T12345678"
found = {}


def use(token):
    answer = requests.get(f"{url}/v1/accounts/{account}/stores", headers={"Authorization": "Bearer " + token["access_token"]})
    return "token" if answer.status_code == 200 else f"a token that is answered with {answer.status_code}"


def oauthlib(name, secret=secret, scope=None, basic=True, **more):
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=scope))
    shown = {"auth": HTTPBasicAuth(client_id, secret)} if basic else {"client_secret": secret, "include_client_id": True}
    try:
        found["requests-oauthlib, " + name] = use(session.fetch_token(endpoint, **shown, **more))
    except OAuth2Error as error:
        found["requests-oauthlib, " + name] = f"{type(error).__name__}: {error.error}"


def authlib(name, secret=secret, method="client_secret_basic", grant="client_credentials", **more):
    session = AuthlibSession(client_id, secret, token_endpoint_auth_method=method)
    try:
        found["authlib, " + name] = use(session.fetch_token(endpoint, grant_type=grant, **more))
    except OAuthError as error:
        found["authlib, " + name] = f"{type(error).__name__}: {error.error}"


oauthlib("basic")
oauthlib("post", basic=False)
oauthlib("narrowed", scope=["admin:accounts"])
oauthlib("wrong secret", secret="wrong")
oauthlib("foreign scope", scope=["nobody:knows"])
oauthlib("foreign audience", audience=elsewhere)
authlib("basic")
authlib("post", method="client_secret_post")
authlib("wrong secret", secret="wrong")
authlib("foreign scope", scope="nobody:knows")
authlib("foreign audience", audience=elsewhere)
authlib("other grant", grant="urn:nobody:knows")
print(json.dumps(found))
