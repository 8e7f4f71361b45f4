import type { OidcFailure } from "@tillkeeper/contract/http/oidc";
import * as client from "openid-client";
import type { OidcConfig } from "../../../config/oidc.ts";
import type { Logger } from "../../../platform/log/log.ts";

const patienceSeconds = 10;
/** How long a provider's metadata is cached. Its keys are read again for each unknown key id. */
const keptMs = 3_600_000;
const clockToleranceSeconds = 30;

/** Who has signed in at the provider. */
export interface Identity {
  issuer: string;
  subject: string;
  email: string | undefined;
  emailVerified: boolean;
}

/** What the start of a flow has to keep for its end. */
export interface Proofs {
  state: string;
  nonce: string;
  verifier: string;
}

/** A sign-in at the provider that came to nothing, for a reason that the person is told. */
export class OidcRefusal extends Error {
  readonly failure: OidcFailure;

  constructor(failure: OidcFailure, options?: ErrorOptions) {
    super(`signing in at the provider came to nothing: ${failure}`, options);
    this.failure = failure;
  }
}

/** The provider of the settings. It is looked up when it is first needed, so that a server starts while it is away. */
export function createOidcProvider(config: OidcConfig, log: Pick<Logger, "warn">) {
  const configuration = kept(() => discover(config));
  const refusal = (error: unknown, failure: OidcFailure) => {
    const { message, code } = error as { message: string; code?: string };
    log.warn({ issuer: config.issuer, reason: message, code }, "signing in at the provider failed");
    return new OidcRefusal(failure, { cause: error });
  };
  const found = () =>
    configuration().catch((error: unknown) => {
      throw refusal(error, "unavailable");
    });
  return {
    name: config.name,
    /** The address for the browser, and the values that its return is checked against. Throws `OidcRefusal`. */
    async begin(redirectUri: string): Promise<Proofs & { url: string }> {
      const provider = await found();
      const proofs = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(provider, {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        state: proofs.state,
        nonce: proofs.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(proofs.verifier),
        code_challenge_method: "S256",
      });
      return { ...proofs, url: url.href };
    },
    /** Reads the identity from the parameters with which the browser came back. Throws `OidcRefusal`. */
    async finish(address: URL, { state, nonce, verifier }: Proofs): Promise<Identity> {
      const provider = await found();
      try {
        const checks = {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        };
        return await identityOf(provider, await client.authorizationCodeGrant(provider, address, checks));
      } catch (error) {
        throw refusal(error, isAway(error) ? "unavailable" : "refused");
      }
    },
  };
}
/** Caches a result for a while; after a failure the next caller tries again. */
function kept<T>(find: () => Promise<T>): () => Promise<T> {
  let known: { until: number; found: Promise<T> } | undefined;
  return () => {
    if (known && performance.now() < known.until) return known.found;
    const looked = { until: performance.now() + keptMs, found: find() };
    known = looked;
    looked.found.catch(() => {
      if (known === looked) known = undefined;
    });
    return looked.found;
  };
}

type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

async function identityOf(provider: client.Configuration, tokens: Tokens): Promise<Identity> {
  const claims = tokens.claims();
  if (!claims) throw new Error("the provider gave no ID token");
  // Many providers tell the e-mail address only where they are asked for it.
  const { email, email_verified: verified } =
    claims["email"] === undefined && provider.serverMetadata().userinfo_endpoint
      ? await client.fetchUserInfo(provider, tokens.access_token, claims.sub)
      : (claims as { email?: unknown; email_verified?: unknown });
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: typeof email === "string" ? email : undefined,
    emailVerified: verified === true,
  };
}
export type OidcProvider = ReturnType<typeof createOidcProvider>;

async function discover({ issuer, clientId, clientSecret }: OidcConfig): Promise<client.Configuration> {
  const insecure = issuer.startsWith("http:") ? [client.allowInsecureRequests] : [];
  const options = { timeout: patienceSeconds, execute: insecure };
  const found = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, options);
  const { token_endpoint_auth_methods_supported: methods = ["client_secret_basic"] } = found.serverMetadata();
  const authentication = methods.includes("client_secret_basic") ? client.ClientSecretBasic : client.ClientSecretPost;
  const provider = new client.Configuration(
    found.serverMetadata(),
    clientId,
    { client_secret: clientSecret, [client.clockTolerance]: clockToleranceSeconds },
    authentication(clientSecret),
  );
  provider.timeout = patienceSeconds;
  // Also the signature of a token that came directly from the provider.
  for (const extension of [...insecure, client.enableNonRepudiationChecks]) extension(provider);
  return provider;
}

/** Whether the provider did not answer, or only with a fault of its own. */
function isAway(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { status?: number } };
  if (error instanceof TypeError || code === "OAUTH_TIMEOUT") return true;
  return error instanceof client.ClientError && (cause?.status ?? 0) >= 500;
}
