import { createRandom } from "@tillkeeper/stage/programs/random";
import { difference } from "./checks.ts";
import type { Endpoint } from "./document.ts";
import type { Answer, Http, RawRequest } from "./http.ts";
import { baseKind } from "./known-ids.ts";
import { type MadeRequest, makeRequest, type RequestParts } from "./requests.ts";
import { missingIdLike } from "./values.ts";

const missingAccount = "T79999999";
/** Comparisons of one pair. The own account may change between two requests, so only a repeated difference counts. */
const tries = 3;

/** Requests for a foreign thing and for a missing one, with their answers. */
export interface Pair {
  made: MadeRequest;
  answers: [RawRequest, Answer][];
  /** How the answers for the foreign thing and the missing one differ; undefined if they do not. */
  difference: string | undefined;
}

/**
 * Sends equal requests for a thing of another account and for a thing that does not exist. Returns undefined for a route whose
 * requests name no thing.
 */
export async function compareWithForeign(
  parts: RequestParts,
  http: Http,
  endpoint: Endpoint,
  seed: number,
): Promise<Pair | undefined> {
  const answers: [RawRequest, Answer][] = [];
  for (let turn = 1; ; turn += 1) {
    const ids = new Map<string, string>();
    const foreign = requestFor(parts, endpoint, seed, ids, "foreign");
    const missing = requestFor(parts, endpoint, seed, ids, "missing");
    if (ids.size === 0) return undefined;
    const one = await http.send(foreign.rawRequest);
    const other = await http.send(missing.rawRequest);
    answers.push([foreign.rawRequest, one], [missing.rawRequest, other]);
    const found = difference(one, other, [...ids]);
    if (found === undefined || turn === tries) return { made: foreign, answers, difference: found };
  }
}

/** Makes a request; equal seeds make requests that differ only in their ids. `ids` collects the pairs of ids. */
function requestFor(
  parts: RequestParts,
  endpoint: Endpoint,
  seed: number,
  ids: Map<string, string>,
  side: "foreign" | "missing",
) {
  const random = createRandom(seed);
  const { own, foreign } = parts.world;
  const index = random.integer(0, 1_000);
  const otherAccount = /\{(aid|oid)\}/.test(endpoint.path) && random.chance(0.25);
  const note = (one: string, other: string) => {
    ids.set(one, other);
    return side === "foreign" ? one : other;
  };
  return makeRequest({ ...parts, random }, endpoint, (wanted) => {
    const kind = baseKind(wanted);
    if (kind === "aid" || kind === "oid") return otherAccount ? note(foreign.accountId, missingAccount) : own.accountId;
    const known = foreign.ids[kind];
    const id = known?.[index % known.length];
    // Versions are counted within each account, so a foreign version exists in the own account, too.
    if (id === undefined || kind === "version") return own.ids[kind]?.[0] ?? "x";
    if (otherAccount) return id;
    return note(id, kind === "account_id" ? missingAccount : missingIdLike(id));
  });
}
