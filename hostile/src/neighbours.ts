import { createRandom } from "@tillkeeper/stage/programs/random";
import { difference } from "./checks.ts";
import type { Endpoint } from "./document.ts";
import type { Answer, Http, Shot } from "./http.ts";
import { type Made, type Making, makeRequest } from "./requests.ts";
import { missingOf } from "./values.ts";

const missingAccount = "T79999999";
/** A thing of the own account may change between the two requests: only what differs each time is told. */
const tries = 3;

export interface Pair {
  made: Made;
  answers: [Shot, Answer][];
  /** How the answers tell a foreign thing from a missing one. */
  difference: string | undefined;
}

/** Asks for a foreign thing and for one that does not exist, by equal requests; undefined where a request names no thing. */
export async function askForNeighbours(
  making: Making,
  http: Http,
  endpoint: Endpoint,
  seed: number,
): Promise<Pair | undefined> {
  const answers: [Shot, Answer][] = [];
  for (let turn = 1; ; turn += 1) {
    const ids = new Map<string, string>();
    const foreign = requestFor(making, endpoint, seed, ids, "foreign");
    const missing = requestFor(making, endpoint, seed, ids, "missing");
    if (ids.size === 0) return undefined;
    const one = await http.send(foreign.shot);
    const other = await http.send(missing.shot);
    answers.push([foreign.shot, one], [missing.shot, other]);
    const found = difference(one, other, [...ids]);
    if (found === undefined || turn === tries) return { made: foreign, answers, difference: found };
  }
}

/** Equal seeds make equal requests but for the ids, which are noted as pairs. */
function requestFor(
  making: Making,
  endpoint: Endpoint,
  seed: number,
  ids: Map<string, string>,
  side: "foreign" | "missing",
) {
  const random = createRandom(seed);
  const { own, foreign } = making.world;
  const index = random.integer(0, 1_000);
  const otherAccount = /\{(aid|oid)\}/.test(endpoint.path) && random.chance(0.25);
  const note = (one: string, other: string) => {
    ids.set(one, other);
    return side === "foreign" ? one : other;
  };
  return makeRequest({ ...making, random }, endpoint, (kind) => {
    if (kind === "aid" || kind === "oid") return otherAccount ? note(foreign.accountId, missingAccount) : own.accountId;
    const known = foreign.ids[kind];
    const id = known?.[index % known.length];
    // Versions are counted in each account: the number is the own account's, too.
    if (id === undefined || kind === "version") return own.ids[kind]?.[0] ?? "x";
    if (otherAccount) return id;
    return note(id, kind === "account_id" ? missingAccount : missingOf(id));
  });
}
