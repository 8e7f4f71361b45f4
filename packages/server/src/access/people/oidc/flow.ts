import type { OidcFailure, SignInProviders } from "@tillkeeper/contract/http/oidc";
import type { FastifyRequest } from "fastify";
import { retried } from "../../../db/retry.ts";
import { inTurn } from "../../../db/turns.ts";
import { ApiError, invalidRequest } from "../../../platform/errors.ts";
import type { RootKey } from "../../../platform/folders/root-key.ts";
import { networkOf } from "../../../platform/http/limits/rate-limit.ts";
import { Answer } from "../../../platform/http/route.ts";
import { seal, unseal } from "../../../platform/sealing.ts";
import { sha256 } from "../../auth/secrets/secrets.ts";
import type { FlowCookies } from "../cookies.ts";
import { flowSeconds } from "../lifetimes.ts";
import { beginSession, type SessionDeps, visitorOf } from "../sessions.ts";
import { personOfIdentity } from "./identities.ts";
import { type OidcProvider, OidcRefusal, type Proofs } from "./provider.ts";

export interface OidcDeps extends SessionDeps {
  rootKey: RootKey;
  flowCookies: FlowCookies;
  /** Left out: there is no provider. */
  provider?: OidcProvider | undefined;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

/** What the browser keeps, sealed, between the start and its return. */
interface Flow extends Proofs {
  to: string;
  /** In milliseconds of real time. */
  until: number;
}

const startPath = "/v1/auth/oidc/start";
const callbackPath = "/v1/auth/oidc/callback";
/** The purpose of the sealed value: one that was sealed for another purpose does not open here. */
const purpose = "oidc-flow";

/** Where people can sign in. */
export function showProviders({ provider }: OidcDeps): SignInProviders {
  return { providers: provider ? [{ name: provider.name, start: startPath }] : [] };
}

/** Sends the browser to the provider. Throws `sign_in_provider_not_found`, `invalid_request`. */
export async function startOidc(deps: OidcDeps, { to = "/" }: { to?: string }): Promise<Answer<void>> {
  const provider = requireProvider(deps);
  if (!isOwnPath(to)) throw invalidRequest({ path: "/query/to", message: "must be a path of this server" });
  try {
    const { url, ...proofs } = await provider.begin(`${deps.ownUrl()}${callbackPath}`);
    const until = deps.clock.realNow().getTime() + flowSeconds * 1_000;
    const flow: Flow = { ...proofs, to, until };
    const kept = await seal(deps.rootKey.derive("signInFlows"), purpose, flow);
    return new Answer<void>(undefined, { headers: { location: url, ...deps.flowCookies.set(kept) } });
  } catch (error) {
    return failed(deps, error);
  }
}

/** Takes the browser back: begins a session, once for each flow, or says why not. Throws `sign_in_provider_not_found`. */
export async function finishOidc(deps: OidcDeps, request: FastifyRequest): Promise<Answer<void>> {
  const provider = requireProvider(deps);
  try {
    const flow = await flowOf(deps, request);
    const identity = await provider.finish(new URL(request.url, `${deps.ownUrl()}/`), flow);
    const token = await inTurn(deps.db, networkOf(request.ip), () =>
      retried(() =>
        deps.db.sql.transaction().execute(async (tx) => {
          const { clock } = deps;
          // The provider should accept a code once; in any case only the first of two requests of one flow signs in.
          const { numInsertedOrUpdatedRows: first } = await tx
            .insertInto("sign_in_flows_used")
            .values({ state_sha256: sha256(flow.state), used_at: clock.realNow() })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst();
          if (first !== 1n) throw new OidcRefusal("expired");
          const visitor = visitorOf(request);
          const personId = await personOfIdentity(tx, clock, identity, visitor);
          return beginSession(tx, clock, { personId, visitor, by: "oidc" });
        }),
      ),
    );
    // Each is a header of its own.
    const cookies = [deps.cookies.set(token)["set-cookie"], deps.flowCookies.clear()["set-cookie"]];
    return new Answer<void>(undefined, { headers: { location: flow.to, "set-cookie": cookies } });
  } catch (error) {
    return failed(deps, error);
  }
}

/** What this browser has kept, if it belongs to the state with which it came back. Throws `OidcRefusal`. */
async function flowOf({ rootKey, flowCookies, clock }: OidcDeps, request: FastifyRequest): Promise<Flow> {
  const kept = flowCookies.read(request);
  if (kept === undefined) throw new OidcRefusal("expired");
  const flow = await unseal(rootKey.derive("signInFlows"), purpose, kept).catch(() => undefined);
  if (flow === undefined) throw new OidcRefusal("expired");
  const { until, state } = flow as Flow;
  if (until < clock.realNow().getTime() || (request.query as { state?: string }).state !== state) {
    throw new OidcRefusal("expired");
  }
  return flow as Flow;
}

/** Goes to the sign-in page, which says in words what has happened. */
function failed({ flowCookies }: OidcDeps, error: unknown): Answer<void> {
  if (!(error instanceof OidcRefusal)) throw error;
  const failure: OidcFailure = error.failure;
  return new Answer<void>(undefined, { headers: { location: `/sign-in?failed=${failure}`, ...flowCookies.clear() } });
}

function requireProvider({ provider }: OidcDeps): OidcProvider {
  if (provider) return provider;
  throw new ApiError("sign_in_provider_not_found", "This server has no provider to sign in at.");
}

/** Whether a path leads to this server, by the rules of browsers, which is more than its form says. */
export function isOwnPath(path: string): boolean {
  const own = "http://own.invalid";
  const read = path.startsWith("/") ? URL.parse(path, own) : null;
  return read !== null && read.origin === own && !read.pathname.startsWith("//");
}
