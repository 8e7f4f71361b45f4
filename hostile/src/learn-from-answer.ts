import { readError } from "./checks.ts";
import type { Endpoint } from "./document.ts";
import type { Answer, RawRequest } from "./http.ts";
import type { KnownIds, Thing } from "./known-ids.ts";
import { recipes } from "./recipes.ts";

/** The kinds of ids that an error code with status 404 reports missing. Other codes say nothing about the path's ids. */
const missingKinds: Record<string, readonly string[]> = {
  store_not_found: ["store_id", "closing_store"],
  closing_not_found: ["closing_id"],
  terminal_not_found: ["terminal_id"],
  unknown_payout_destination: ["payout_destination_id", "operator_destination_id"],
  operation_not_found: ["operation_id"],
  client_not_found: ["client_ref", "secret_client"],
  client_secret_not_found: ["secret_id"],
  client_grant_not_found: ["grant_ref"],
  release_not_found: ["release_id"],
  release_key_not_found: ["key_id"],
  configuration_not_found: ["version"],
};

/** Notes what the answer to a valid request says about ids: made, renamed, ended or missing things. */
export function learnFromAnswer(pools: KnownIds, endpoint: Endpoint, rawRequest: RawRequest, answer: Answer): void {
  const { makes, renames, suspends, destructive, belongsTo, kinds } = recipes[endpoint.id] ?? {};
  const named = namedIn(endpoint, rawRequest.path);
  const [parameter, subject = ""] = Object.entries(named).at(-1) ?? [];
  const kindOf = (name: string) => kinds?.[name] ?? name;
  if (answer.status === 400) {
    for (const [kind, id] of namedInBody(rawRequest, answer, "does not exist")) pools.forget(kind, id);
    for (const [, id] of namedInBody(rawRequest, answer, "is suspended")) pools.markStore(id, { suspended: true });
  }
  if (answer.status === 404) {
    const missing = missingKinds[readError(answer.text).code] ?? [];
    for (const [name, id] of Object.entries(named)) if (missing.includes(kindOf(name))) pools.forget(kindOf(name), id);
  }
  if (answer.status < 200 || answer.status >= 300) return;
  const told = makes || renames ? (JSON.parse(answer.text) as Record<string, unknown>) : {};
  if (makes && told[makes.field] !== undefined) {
    const owner = belongsTo && { [belongsTo.kind]: named[belongsTo.parameter] as string };
    pools.add(makes.kind, { ...owner, [makes.kind]: String(told[makes.field]) });
  }
  if (renames && told[renames.field] !== undefined) pools.rename(renames.kind, subject, String(told[renames.field]));
  if (suspends !== undefined) pools.markStore(subject, { suspended: suspends });
  if (destructive && parameter !== undefined) pools.forget(kindOf(parameter), subject);
}

/** The values of the path's parameters, by name and in order. */
function namedIn({ path: template }: Endpoint, path: string): Thing {
  const values = path.split("?")[0]?.split("/") ?? [];
  const pairs = template.split("/").flatMap((part, n): [string, string][] => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return name === undefined ? [] : [[name, decodeURIComponent(values[n] ?? "")]];
  });
  return Object.fromEntries(pairs);
}

/** The ids in a body of which the server says this, with the names of their fields. */
function namedInBody({ body }: RawRequest, { text }: Answer, says: string): [kind: string, id: string][] {
  return readError(text).places.flatMap(({ path, message }): [string, string][] => {
    const id = message === says ? valueAt(path, body) : undefined;
    return id === undefined ? [] : [[path.slice(path.lastIndexOf("/") + 1), id]];
  });
}

/** The text in a JSON body at a JSON pointer that begins with `/body`. */
function valueAt(pointer: string, body: RawRequest["body"]): string | undefined {
  const [, place, ...names] = pointer.split("/");
  if (place !== "body" || typeof body !== "string") return undefined;
  const value = names.reduce<unknown>((inner, name) => (inner as Thing | undefined)?.[name], JSON.parse(body));
  return typeof value === "string" ? value : undefined;
}
