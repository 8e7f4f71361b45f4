import { world } from "@tillkeeper/stage/world";
import * as oauth from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";

/** The servers of tests speak plain HTTP. */
const plain = { [oauth.allowInsecureRequests]: true };

describe("a standard OAuth 2 client library", async () => {
  const { server, tenant, aid } = await world();
  let as: oauth.AuthorizationServer;
  beforeAll(async () => {
    const issuer = new URL(`${server.url}/v1/accounts/${aid}`);
    const response = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain });
    as = await oauth.processDiscoveryResponse(issuer, response);
  });

  const request = async (auth: oauth.ClientAuth, parameters: Record<string, string> = {}) => {
    const client: oauth.Client = { client_id: tenant.clientId };
    const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, plain);
    return oauth.processClientCredentialsResponse(as, client, response);
  };

  it("finds the server by discovery (RFC 8414)", () => {
    expect(as).toMatchObject({
      issuer: `${server.url}/v1/accounts/${aid}`,
      grant_types_supported: ["client_credentials", "authorization_code"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
    });
  });

  it.each([
    ["Basic", oauth.ClientSecretBasic],
    ["the body", oauth.ClientSecretPost],
  ])("gets a token with its secret in %s, and uses it on a resource", async (_place, method) => {
    const answer = await request(method(tenant.secret));
    expect(answer).toMatchObject({
      token_type: "bearer",
      expires_in: 14_400,
      scope: "admin:accounts admin:checkout admin:hooks",
    });
    const stores = new URL(`${server.url}/v1/accounts/${aid}/stores`);
    const response = await oauth.protectedResourceRequest(
      answer.access_token,
      "GET",
      stores,
      undefined,
      undefined,
      plain,
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ stores: [] });
  });

  it("asks for less than the client holds", async () => {
    const answer = await request(oauth.ClientSecretBasic(tenant.secret), { scope: "admin:accounts" });
    expect(answer.scope).toBe("admin:accounts");
  });

  it("checks the token by the published keys, as a JWT access token (RFC 9068)", async () => {
    const { access_token } = await request(oauth.ClientSecretBasic(tenant.secret));
    const incoming = new Request(server.url, { headers: { authorization: `Bearer ${access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, incoming, as.issuer, plain);
    expect(claims).toMatchObject({ iss: as.issuer, aud: as.issuer, sub: tenant.clientId, client_id: tenant.clientId });
  });

  it("is told that a secret is wrong", async () => {
    await expect(request(oauth.ClientSecretBasic("wrong"))).rejects.toMatchObject({ status: 401 });
  });
});
