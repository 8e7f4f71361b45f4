import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Provider } from "oidc-provider";

export const oidcClient = { clientId: "till", clientSecret: "a-secret-of-the-provider's-client" };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
interface Person {
  email?: string;
  email_verified?: boolean;
}

/** An address without a provider yet: it answers 503. */
export async function placeOfProvider() {
  let handler: Handler = (_request, response) => void response.writeHead(503).end();
  const server: Server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    /** From now on `provider` answers at the address; without one, requests get 503. */
    put(next: Handler = (_request, response) => void response.writeHead(503).end()) {
      handler = next;
    },
    close: () => server.close(),
  };
}

/** A provider by the library `oidc-provider`: the browser's person signs in without being asked, as `people.now`. */
export async function realProvider(issuer: string, redirectUri: string) {
  const people: { now: string; of: Record<string, Person> } = { now: "", of: {} };
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{ client_id: oidcClient.clientId, client_secret: oidcClient.clientSecret, redirect_uris: [redirectUri] }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "one", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["a key of cookies"] },
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people.of[sub] }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidcClient.clientId,
        accountId: oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  const handler: Handler = (request, response) => {
    const isOwn = request.url?.startsWith("/interaction/") ?? false;
    void (isOwn
      ? provider.interactionFinished(request, response, { login: { accountId: people.now } })
      : answer(request, response));
  };
  return { people, handler };
}

/** Goes from the provider's first page to the address of the server to which it sends the browser back. */
export async function throughProvider(address: string, back: string): Promise<string> {
  const jar = new Map<string, string>();
  let next = address;
  for (let step = 0; step < 10; step += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(next, { redirect: "manual", headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`the provider answers ${answer.status}: ${await answer.text()}`);
    next = new URL(location, next).href;
    if (next.startsWith(back)) return next;
  }
  throw new Error("the provider does not send the browser back");
}

interface Lie {
  claims?: Record<string, unknown>;
  /** Signs with a key that the provider does not publish. */
  foreignKey?: boolean;
  tokenStatus?: number;
}

/**
 * A provider that says in its ID tokens what a test wants it to. It redirects no browser: the test makes the request of the way back, with the nonce as
 * the code.
 */
export async function lyingProvider(issuer: string) {
  const own = await generateKeyPair("RS256");
  const foreign = await generateKeyPair("RS256");
  const lie: { now: Lie } = { now: {} };
  const publicJwk = { ...(await exportJWK(own.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  const bodies: Record<string, (sent: URLSearchParams) => Promise<unknown>> = {
    "/.well-known/openid-configuration": async () => ({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    }),
    "/jwks": async () => ({ keys: [publicJwk] }),
    "/token": async (sent) => ({
      access_token: "an access token",
      token_type: "Bearer",
      id_token: await new SignJWT({ nonce: sent.get("code"), ...lie.now.claims })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuedAt()
        .setExpirationTime("5m")
        .setIssuer((lie.now.claims?.["iss"] as string | undefined) ?? issuer)
        .setAudience((lie.now.claims?.["aud"] as string | undefined) ?? oidcClient.clientId)
        .sign((lie.now.foreignKey ? foreign : own).privateKey),
    }),
  };
  const handler: Handler = (request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    const status = path === "/token" ? (lie.now.tokenStatus ?? 200) : 200;
    const give = async () => {
      const body = await bodies[path]?.(new URLSearchParams(await text(request)));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    void give();
  };
  return { lie, handler };
}
