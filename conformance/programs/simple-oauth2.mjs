// Tokens by simple-oauth2: credentials in the header and in the body, as a form and as JSON.
import { ClientCredentials } from "simple-oauth2";
import { report, server } from "./report.mjs";

const tokenPath = `/v1/accounts/${server.account}/auth/token`;
const audience = `${server.url}/v1/accounts/${server.account}`;
const ask = async (options, { secret = server.clientSecret, ...parameters } = {}) => {
  const credentials = new ClientCredentials({
    client: { id: server.clientId, secret },
    auth: { tokenHost: server.url, tokenPath },
    options,
  });
  return (await credentials.getToken(parameters)).token;
};
const codeOf = (error) =>
  `${error.output?.statusCode}: ${error.data?.payload?.error?.code ?? error.data?.payload?.error}`;

await report(
  {
    "header, form": () => ask({ authorizationMethod: "header", bodyFormat: "form" }, { scope: "admin:accounts" }),
    "body, form": () => ask({ authorizationMethod: "body", bodyFormat: "form" }, { audience }),
    "header, JSON": () => ask({ authorizationMethod: "header", bodyFormat: "json" }, { audience }),
    "body, JSON": () => ask({ authorizationMethod: "body", bodyFormat: "json" }, { audience }),
    "wrong secret": () => ask({ bodyFormat: "form" }, { secret: "wrong" }),
    "foreign scope": () => ask({ bodyFormat: "form" }, { scope: "nobody:knows" }),
    "foreign audience": () =>
      ask({ bodyFormat: "form" }, { audience: "https://elsewhere.example/v1/accounts/T12345678" }),
    "foreign audience, JSON": () => ask({ bodyFormat: "json" }, { audience: "https://elsewhere.example/x" }),
  },
  codeOf,
);
