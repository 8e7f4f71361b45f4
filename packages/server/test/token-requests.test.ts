import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";

const aid = "T12345678";
const tokenPath = `/v1/accounts/${aid}/auth/token`;
const documentedAudience = `https://api.dintero.com/v1/accounts/${aid}`;

describe("getting a token", async () => {
  const { server, tenant } = await world({ own: {}, aid });

  const ask = (body: unknown, headers: Record<string, string> = {}, path = tokenPath) =>
    server.call("POST", path, { body, headers: { authorization: basic(tenant.clientId, tenant.secret), ...headers } });
  const form = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(new URLSearchParams(fields).toString(), { "content-type": "application/x-www-form-urlencoded", ...headers });
  const use = (token: string) => server.call("GET", `/v1/accounts/${aid}/stores`, { token });

  it("takes the documented request: Basic and JSON", async () => {
    const answer = await ask({ grant_type: "client_credentials", audience: documentedAudience });
    expect(answer).toMatchObject({ status: 200, body: { token_type: "Bearer", expires_in: 14_400 } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect((await use(answer.body.access_token)).status).toBe(200);
  });

  it("takes every accepted host, and the account as user of the URL", async () => {
    const port = new URL(server.url).port;
    for (const audience of [
      `https://checkout.dintero.com/v1/accounts/${aid}`,
      `https://${aid}@api.dintero.com/v1/accounts/${aid}`,
      `${server.url}/v1/accounts/${aid}`,
      `http://localhost:${port}/v1/accounts/${aid}`,
    ]) {
      const answer = await ask({ grant_type: "client_credentials", audience });
      expect(answer.status, audience).toBe(200);
      expect(decodeJwt(answer.body.access_token).aud).toBe(audience);
      expect((await use(answer.body.access_token)).status, audience).toBe(200);
    }
  });

  it("takes the form encoding of RFC 6749, with the client in Basic or in the body, and needs no audience then", async () => {
    const inBasic = await form({ grant_type: "client_credentials" });
    expect((await use(inBasic.body.access_token)).status).toBe(200);
    const narrowed = await form({ grant_type: "client_credentials", scope: "admin:accounts" });
    expect(narrowed.body.scope).toBe("admin:accounts");
    const inBody = await server.call("POST", tokenPath, {
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: tenant.clientId,
        client_secret: tenant.secret,
      }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(inBody.status).toBe(200);
  });

  it("refuses credentials in two places, of which one would go unchecked, and two names for one client", async () => {
    const fields = { grant_type: "client_credentials", client_id: tenant.clientId };
    expect((await form(fields)).status).toBe(200);
    expect((await form({ ...fields, client_secret: "" })).status).toBe(200);
    const upperCase = { "content-type": "Application/X-WWW-Form-urlencoded; charset=utf-8" };
    for (const secret of [tenant.secret, "wrong"]) {
      for (const headers of [{}, upperCase, { authorization: `Bearer ${tenant.token}` }])
        expect(await form({ ...fields, client_secret: secret }, headers), JSON.stringify(headers)).toMatchObject({
          status: 400,
          body: { error: "invalid_request", error_description: expect.stringContaining("client_secret must not be") },
        });
    }
    expect(await form({ ...fields, client_id: "another" })).toMatchObject({
      status: 400,
      body: { error: "invalid_request", error_description: expect.stringContaining("client_id must be the client") },
    });
  });

  it("takes what public clients of the documented API send beside that: unknown fields, and scopes in a list", async () => {
    // Dintero/Dintero.Checkout.OpenCart 2.3 and 3, get_access_token().
    const openCart = { type: "any", scope: ["regular", "receipts:write"] };
    const answer = await ask({ grant_type: "client_credentials", audience: documentedAudience, ...openCart });
    expect(answer).toMatchObject({ status: 200, body: { scope: "admin:accounts admin:checkout admin:hooks" } });
    expect((await use(answer.body.access_token)).status).toBe(200);
    // A base address with a slash at its end, and the default host of Dintero's plugin for nopCommerce.
    for (const audience of [`${documentedAudience}/`, `https://test.dintero.com/v1/accounts/${aid}`]) {
      const taken = await ask({ grant_type: "client_credentials", audience });
      expect(taken.status, audience).toBe(200);
      expect((await use(taken.body.access_token)).status, audience).toBe(200);
    }
    // simple-oauth2 with bodyFormat json and authorizationMethod body.
    const { clientId: client_id, secret: client_secret } = tenant;
    const inBody = { grant_type: "client_credentials", audience: documentedAudience, client_id, client_secret };
    expect((await server.call("POST", tokenPath, { body: inBody })).status).toBe(200);
    expect((await server.call("POST", tokenPath, { body: { ...inBody, client_secret: "wrong" } })).status).toBe(401);
  });

  it("reads forms by RFC 6749 section 3.2: unknown and empty parameters are ignored, known ones come once", async () => {
    const fields = { grant_type: "client_credentials" };
    for (const ignored of [{ client_info: "1" }, { scope: "" }, { audience: "" }, { type: "any" }, { resource: "" }])
      expect((await form({ ...fields, ...ignored })).status, JSON.stringify(ignored)).toBe(200);
    const type = { "content-type": "Application/X-WWW-Form-Urlencoded;charset=UTF-8" };
    expect((await form(fields, type)).status).toBe(200);
    for (const twice of ["grant_type=client_credentials", "scope=a&scope=b", "audience=a&audience=b"]) {
      const { status, body } = await ask(`grant_type=client_credentials&${twice}`, {
        "content-type": "application/x-www-form-urlencoded",
      });
      expect({ twice, status, error: body.error }).toEqual({ twice, status: 400, error: "invalid_request" });
    }
  });

  it("takes a resource of RFC 8707 for the audience, and refuses one of another server", async () => {
    const audienceOf = async (fields: Record<string, string>) => {
      const { status, body } = await form({ grant_type: "client_credentials", ...fields });
      return status === 200 ? decodeJwt(body.access_token).aud : body.error;
    };
    expect(await audienceOf({ resource: documentedAudience })).toBe(documentedAudience);
    expect(await audienceOf({ resource: "https://api.dintero.com/v1" })).toBe(`${server.url}/v1/accounts/${aid}`);
    expect(await audienceOf({ resource: "https://evil.example/v1/accounts/T12345678" })).toBe("invalid_target");
    expect(await audienceOf({ resource: "https://api.dintero.com/v1/accounts/T55555555" })).toBe("unauthorized_client");
    expect(await audienceOf({ resource: "https://evil.example", audience: documentedAudience })).toBe(
      documentedAudience,
    );
  });

  it("answers forms with the errors of RFC 6749 section 5.2, and JSON with the documented ones", async () => {
    const grant = { grant_type: "client_credentials" };
    const wrong = { authorization: basic(tenant.clientId, "wrong") };
    const cases: [Record<string, string>, Record<string, string>, number, string, string][] = [
      [
        { grant_type: "password", username: "a", password: "b" },
        {},
        400,
        "unsupported_grant_type",
        "invalid_grant_type",
      ],
      [{ grant_type: "authorization_code", code: "x" }, {}, 400, "invalid_request", "invalid_request"],
      [{ audience: documentedAudience }, {}, 400, "invalid_request", "invalid_request"],
      [{ ...grant, audience: documentedAudience }, wrong, 401, "invalid_client", "invalid_client"],
      [
        { ...grant, audience: "https://evil.example/v1/accounts/T12345678" },
        {},
        400,
        "invalid_target",
        "invalid_audience",
      ],
      [{ ...grant, audience: documentedAudience, scope: "nonsense" }, {}, 400, "invalid_scope", "invalid_scope"],
    ];
    for (const [fields, headers, status, oauth, documented] of cases) {
      const toForm = await form(fields, headers);
      expect(toForm, JSON.stringify(fields)).toMatchObject({ status, body: { error: oauth } });
      expect(Object.keys(toForm.body)).toEqual(["error", "error_description"]);
      // Section 5.2: %x20-21 / %x23-5B / %x5D-7E.
      expect(toForm.body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
      expect(toForm.headers.get("cache-control")).toBe("no-store");
      if (status === 401) expect(toForm.headers.get("www-authenticate")).toContain("Basic");
      const toJson = await ask(fields, headers);
      expect(toJson, JSON.stringify(fields)).toMatchObject({ status, body: { error: { code: documented } } });
    }
    const notGranted = { ...grant, audience: "https://api.dintero.com/v1/accounts/T55555555" };
    expect(await form(notGranted)).toMatchObject({ status: 400, body: { error: "unauthorized_client" } });
    expect((await ask(notGranted)).status).toBe(403);
    const large = await form({ ...grant, pad: "x".repeat(2_000_000) });
    expect(large).toMatchObject({ status: 413, body: { error: "invalid_request" } });
  });

  it("says of a refused audience which hosts count, and which setting adds others", async () => {
    const audience = `http://tillkeeper:8080/v1/accounts/${aid}`;
    const { body } = await ask({ grant_type: "client_credentials", audience });
    const { message } = body.error.errors[0];
    for (const part of ["api.dintero.com", new URL(server.url).host, "TILLKEEPER_AUDIENCE_HOSTS"])
      expect(message).toContain(part);
  });

  it("serves the same discovery where OpenID Connect looks for it", async () => {
    const paths = [
      `/.well-known/oauth-authorization-server/v1/accounts/${aid}`,
      `/v1/accounts/${aid}/.well-known/openid-configuration`,
      `/.well-known/openid-configuration/v1/accounts/${aid}`,
    ];
    const all = await Promise.all(paths.map((path) => server.call("GET", path)));
    for (const { status, body } of all) expect({ status, body }).toEqual({ status: 200, body: all[0]?.body });
  });

  it("serves discovery and keys with which anyone can check a token", async () => {
    const metadata = await server.call("GET", `/.well-known/oauth-authorization-server/v1/accounts/${aid}`);
    expect(metadata.body).toMatchObject({
      issuer: `${server.url}/v1/accounts/${aid}`,
      token_endpoint: `${server.url}${tokenPath}`,
    });
    const keys = createRemoteJWKSet(new URL(metadata.body.jwks_uri));
    const { payload } = await jwtVerify(tenant.token, keys, { issuer: metadata.body.issuer });
    expect(payload).toMatchObject({ sub: tenant.clientId, scope: "admin:accounts admin:checkout admin:hooks" });
    const jwks = await server.call("GET", "/.well-known/jwks.json");
    expect(jwks.body.keys[0]).toMatchObject({ kty: "OKP", crv: "Ed25519", use: "sig" });
    expect(jwks.body.keys[0]).not.toHaveProperty("d");
  });

  it("refuses wrong clients alike: id, secret, account, or none at all", async () => {
    const body = { grant_type: "client_credentials", audience: documentedAudience };
    const wrong = [
      await ask(body, { authorization: basic(tenant.clientId, "wrong") }),
      await ask(body, { authorization: basic("nobody", tenant.secret) }),
      await ask(body, {}, "/v1/accounts/T00000000/auth/token"),
      await ask(body, { authorization: "Basic !!!" }),
      await ask(body, { authorization: basic("", "") }),
      await ask(body, { authorization: `Bearer ${tenant.token}` }),
      await ask(body, { authorization: basic("a%00b", "c") }),
      await server.call("POST", tokenPath, { body }),
    ];
    for (const answer of wrong) {
      expect(answer).toMatchObject({ status: 401, body: { error: { code: "invalid_client" } } });
      expect(answer.headers.get("www-authenticate")).toContain("Basic");
    }
  });

  it("refuses other grants and audiences, naming the field", async () => {
    const other = await server.account();
    const cases: [object, number, string][] = [
      [{ grant_type: "password", audience: documentedAudience }, 400, "invalid_grant_type"],
      [{ grant_type: "client_credentials" }, 400, "invalid_audience"],
      [
        { grant_type: "client_credentials", audience: "https://evil.example/v1/accounts/T12345678" },
        400,
        "invalid_audience",
      ],
      [{ grant_type: "client_credentials", audience: `${documentedAudience}?x=1` }, 400, "invalid_audience"],
      [
        { grant_type: "client_credentials", audience: "https://api.dintero.com/v1/accounts/X1" },
        400,
        "invalid_audience",
      ],
      [{ grant_type: "client_credentials", audience: "no url" }, 400, "invalid_audience"],
      [
        { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${other.aid}` },
        403,
        "audience_not_granted",
      ],
      [
        { grant_type: "client_credentials", audience: "https://api.dintero.com/v1/accounts/T55555555" },
        403,
        "audience_not_granted",
      ],
      [{ audience: documentedAudience }, 400, "invalid_request"],
      [{ grant_type: "client_credentials", audience: documentedAudience, scope: "nonsense" }, 400, "invalid_scope"],
      [{ grant_type: "client_credentials", audience: `${documentedAudience} ` }, 400, "invalid_audience"],
      [{ grant_type: "client_credentials", audience: `${documentedAudience}//` }, 400, "invalid_audience"],
    ];
    for (const [body, status, code] of cases) {
      expect(await ask(body), JSON.stringify(body)).toMatchObject({ status, body: { error: { code } } });
    }
  });
});
