import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { world } from "@tillkeeper/stage/world";
import * as oauth from "oauth4webapi";
import { expect } from "vitest";

type World = Pick<Awaited<ReturnType<typeof world>>, "server" | "tenant">;
/** The servers of tests speak plain HTTP. */
const plain = { [oauth.allowInsecureRequests]: true };

/** What a program of others keeps between the request and the way back. */
export interface Begun {
  client: oauth.Client;
  redirectUri: string;
  verifier: string;
  state: string;
  /** The address of the console's page. */
  url: URL;
}

/** Front ends of an account, which speak to the server by the library `oauth4webapi`. */
export function frontEndsOf({ server, tenant }: World, { aid, token }: { aid: string; token: string } = tenant) {
  const none = oauth.None();
  const asAdmin = (method: string, path: string, body?: unknown) =>
    server.call(method, `/v1/accounts/${aid}${path}`, { token, body });

  /** Registers a front end: a client with callbacks, and a grant of the type that people use. */
  async function register(callbacks: string[], scope: string[] = ["admin:accounts", "admin:checkout"]) {
    const made = await asAdmin("POST", "/auth/clients", { name: "Till app", callbacks });
    expect(made.status).toBe(201);
    const audience = `${server.url}/v1/accounts/${aid}`;
    const grant = { client_id: made.body.id, audience, scope, type: "authorization_code" };
    const granted = await asAdmin("POST", "/auth/client-grants", grant);
    expect(granted.status).toBe(201);
    return { id: made.body.id as string, client_id: made.body.client_id as string, grantId: granted.body.id as string };
  }
  async function metadata(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(`${server.url}/v1/accounts/${aid}`);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain });
    return oauth.processDiscoveryResponse(issuer, answer);
  }
  async function begin(clientId: string, redirectUri: string, further: Record<string, string> = {}): Promise<Begun> {
    const as = await metadata();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(as.authorization_endpoint ?? "");
    const parameters = {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: "code",
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      ...further,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { client: { client_id: clientId }, redirectUri, verifier, state, url };
  }
  /** Exchanges what the browser came back with, as the library does it: state and issuer are checked. */
  async function finish(back: string, { client, redirectUri, verifier, state }: Begun) {
    const as = await metadata();
    const parameters = oauth.validateAuthResponse(as, client, new URL(back), state);
    const answer = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      none,
      parameters,
      redirectUri,
      verifier,
      plain,
    );
    return oauth.processAuthorizationCodeResponse(as, client, answer);
  }
  async function revoke(client: oauth.Client, shown: string): Promise<void> {
    const answer = await oauth.revocationRequest(await metadata(), client, none, shown, plain);
    await oauth.processRevocationResponse(answer);
  }
  return { register, metadata, begin, finish, revoke };
}

/** A program of others that listens on this machine: it keeps the addresses with which browsers come back. */
export async function listener() {
  const came: string[] = [];
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/back")) came.push(request.url);
    response
      .writeHead(200, { "content-type": "text/html" })
      .end("<!doctype html><title>App</title><h1>Back in the app</h1>");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, came, close: () => void server.close() };
}
