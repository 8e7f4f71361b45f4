// Tokens by openid-client: discovery at both addresses, Basic and post, and what it makes of each refusal.
import * as client from "openid-client";
import { report, server } from "./report.mjs";

const issuer = new URL(`${server.url}/v1/accounts/${server.account}`);
const insecure = { execute: [client.allowInsecureRequests] };
const discover = (authentication, options = {}) =>
  client.discovery(issuer, server.clientId, undefined, authentication, { ...insecure, ...options });
const basic = (secret = server.clientSecret) => discover(client.ClientSecretBasic(secret));
const codeOf = (error) => `${error.constructor.name}: ${error.error ?? error.cause?.error ?? error.code}`;

await report(
  {
    "basic, discovery of OpenID Connect": async () =>
      client.clientCredentialsGrant(await basic(), { scope: "admin:accounts" }),
    "post, discovery of RFC 8414": async () =>
      client.clientCredentialsGrant(
        await discover(client.ClientSecretPost(server.clientSecret), { algorithm: "oauth2" }),
      ),
    "resource of RFC 8707": async () => client.clientCredentialsGrant(await basic(), { resource: issuer.href }),
    "wrong secret": async () => client.clientCredentialsGrant(await basic("wrong")),
    "foreign scope": async () => client.clientCredentialsGrant(await basic(), { scope: "nobody:knows" }),
    "foreign resource": async () =>
      client.clientCredentialsGrant(await basic(), { resource: "https://elsewhere.example/v1/accounts/T12345678" }),
    "other grant": async () => client.genericGrantRequest(await basic(), "password", { username: "a", password: "b" }),
  },
  codeOf,
);
