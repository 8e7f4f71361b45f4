import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

const programs = join(import.meta.dirname, "programs");
const run = promisify(execFile);

/** What the libraries of others make of the token endpoint. The right values are those of RFC 6749 5.2 and RFC 8707 2. */
describe("OAuth libraries of others", async () => {
  const { server, tenant, aid } = await world();
  const env = {
    ...process.env,
    SERVER_URL: server.url,
    SERVER_ACCOUNT: aid,
    SERVER_CLIENT_ID: tenant.clientId,
    SERVER_CLIENT_SECRET: tenant.secret,
  };
  const reportOf = async (command: string, program: string): Promise<unknown> => {
    const { stdout } = await run(command, [join(programs, program)], { env, cwd: programs });
    return JSON.parse(stdout);
  };
  beforeAll(() => {
    if (!existsSync(join(programs, "node_modules")))
      throw new Error("The libraries are not installed: npm ci --prefix conformance/programs");
  });

  it("openid-client finds the server at both addresses, gets tokens, and tells each refusal", async () => {
    expect(await reportOf(process.execPath, "openid-client.mjs")).toEqual({
      "basic, discovery of OpenID Connect": "token",
      "post, discovery of RFC 8414": "token",
      "resource of RFC 8707": "token",
      // What the library makes of any 401 with WWW-Authenticate.
      "wrong secret": "WWWAuthenticateChallengeError: OAUTH_WWW_AUTHENTICATE_CHALLENGE",
      "foreign scope": "ResponseBodyError: invalid_scope",
      "foreign resource": "ResponseBodyError: invalid_target",
      "other grant": "ResponseBodyError: unsupported_grant_type",
    });
  });

  it("simple-oauth2 gets tokens in all its four ways, and tells each refusal", async () => {
    expect(await reportOf(process.execPath, "simple-oauth2.mjs")).toEqual({
      "header, form": "token",
      "body, form": "token",
      "header, JSON": "token",
      "body, JSON": "token",
      "wrong secret": "401: invalid_client",
      "foreign scope": "400: invalid_scope",
      "foreign audience": "400: invalid_target",
      // The documented shape and code.
      "foreign audience, JSON": "400: invalid_audience",
    });
  });

  it("@badgateway/oauth2-client gets tokens, and tells each refusal", async () => {
    expect(await reportOf(process.execPath, "badgateway.mjs")).toEqual({
      basic: "token",
      post: "token",
      discovery: "token",
      "resource of RFC 8707": "token",
      "wrong secret": "OAuth2HttpError: invalid_client",
      "unknown client": "OAuth2HttpError: invalid_client",
      "foreign scope": "OAuth2HttpError: invalid_scope",
      "foreign resource": "OAuth2HttpError: invalid_target",
      "other grant": "OAuth2HttpError: unsupported_grant_type",
    });
  });

  it("requests-oauthlib and Authlib get tokens, and raise the error that each refusal means", async () => {
    expect(await reportOf("/usr/bin/python3", "oauth.py")).toEqual({
      "requests-oauthlib, basic": "token",
      "requests-oauthlib, post": "token",
      "requests-oauthlib, narrowed": "token",
      "requests-oauthlib, wrong secret": "InvalidClientError: invalid_client",
      "requests-oauthlib, foreign scope": "InvalidScopeError: invalid_scope",
      "requests-oauthlib, foreign audience": "CustomOAuth2Error: invalid_target",
      "authlib, basic": "token",
      "authlib, post": "token",
      "authlib, wrong secret": "OAuthError: invalid_client",
      "authlib, foreign scope": "OAuthError: invalid_scope",
      "authlib, foreign audience": "OAuthError: invalid_target",
      "authlib, other grant": "OAuthError: unsupported_grant_type",
    });
  });
});
