// Tokens by @badgateway/oauth2-client: discovery, Basic and post, a resource.
import { OAuth2Client } from "@badgateway/oauth2-client";
import { report, server } from "./report.mjs";

const base = `${server.url}/v1/accounts/${server.account}`;
const clientOf = (options = {}) =>
  new OAuth2Client({
    server: server.url,
    clientId: server.clientId,
    clientSecret: server.clientSecret,
    tokenEndpoint: `${base}/auth/token`,
    ...options,
  });
const codeOf = (error) => `${error.constructor.name}: ${error.oauth2Code}`;
const tokenOf = async (client, parameters) => {
  const { accessToken } = await client.clientCredentials(parameters);
  return { access_token: accessToken, token_type: "Bearer" };
};

await report(
  {
    basic: () => tokenOf(clientOf({ authenticationMethod: "client_secret_basic" }), { scope: ["admin:accounts"] }),
    post: () => tokenOf(clientOf({ authenticationMethod: "client_secret_post" })),
    discovery: () =>
      tokenOf(
        clientOf({
          tokenEndpoint: undefined,
          discoveryEndpoint: `/.well-known/oauth-authorization-server/v1/accounts/${server.account}`,
        }),
      ),
    "resource of RFC 8707": () => tokenOf(clientOf(), { resource: base }),
    "wrong secret": () => tokenOf(clientOf({ clientSecret: "wrong" })),
    "unknown client": () => tokenOf(clientOf({ clientId: "nobody" })),
    "foreign scope": () => tokenOf(clientOf(), { scope: ["nobody:knows"] }),
    "foreign resource": () => tokenOf(clientOf(), { resource: "https://elsewhere.example/v1/accounts/T12345678" }),
    "other grant": () => clientOf().password({ username: "a", password: "b" }),
  },
  codeOf,
);
