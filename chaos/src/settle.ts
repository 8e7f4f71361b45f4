import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@tillkeeper/stage/until";
import type { SeenOperation } from "./checker/history.ts";
import { keepSeen } from "./clients/api.ts";
import type { createHttp } from "./clients/http.ts";
import type { Watch } from "./clients/watch.ts";
import type { Readers } from "./readers/readers.ts";
import type { Account } from "./stage/accounts.ts";
import type { Stage } from "./stage/stage.ts";

const settleWithinMs = 90_000;
/**
 * How long no webhook may come while some are missing, and how long they may take in all. What a server was about to send when it died is
 * sent by another one 90 s later, and what failed twice, as when servers died each time, is sent again after five and a half minutes at most.
 */
const webhooks = { quietMs: 360_000, withinMs: 1_200_000, everyMs: 500 };
const lookAgainMs = 300;

/**
 * Waits until all parts work, every watched operation was seen ended, the database holds every terminal's journal, and every stream has
 * told what there is.
 * Returns the conditions that did not hold in time, each of which is a finding.
 */
export async function settle({
  stage,
  watch,
  readers,
  signal,
}: {
  stage: Stage;
  watch: Watch;
  readers: Readers;
  signal: AbortSignal;
}): Promise<string[]> {
  const { servers, agents, sampler } = stage;
  const waitingFor: [string, () => boolean | Promise<boolean>][] = [
    ["a server is not ready", () => servers.every(({ name }) => sampler.readyAt(name) > 0)],
    ["a terminal is not connected", () => agents.every(({ connected, terminals }) => connected === terminals)],
    ["an operation is still PENDING", () => watch.size() === 0],
    ["the database does not hold a terminal's whole journal", () => journalsAreHeld(stage)],
    ["a stream has not told the last event", () => readers.haveAll(stage.database)],
  ];
  const unsettled: string[] = [];
  const giveUpAt = Date.now() + settleWithinMs;
  for (const [problem, isSettled] of waitingFor) {
    const withinMs = Math.max(0, giveUpAt - Date.now());
    await until(isSettled, "rest", { signal, withinMs }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      unsettled.push(problem);
    });
  }
  const haveCome = await webhooksCome(stage, readers, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return false;
  });
  if (!haveCome) unsettled.push("a webhook has not come");
  return unsettled;
}

/** Waits for the webhooks as long as there is one that comes now and then. Resolves with whether all have come. */
async function webhooksCome({ database }: Stage, readers: Readers, signal: AbortSignal): Promise<boolean> {
  let missing = await readers.missing(database);
  const giveUpAt = Date.now() + webhooks.withinMs;
  let lastAt = Date.now();
  while (missing.length > 0 && Date.now() < Math.min(giveUpAt, lastAt + webhooks.quietMs)) {
    await sleep(webhooks.everyMs, undefined, { signal });
    const still = readers.stillMissing(missing);
    if (still.length < missing.length) lastAt = Date.now();
    missing = still.length > 0 ? still : await readers.missing(database);
  }
  return missing.length === 0;
}

/** Whether the database holds all journals. It is queried directly: it may have lost results with a receipt. */
async function journalsAreHeld({ agents, database }: Stage): Promise<boolean> {
  const journals = (await Promise.all(agents.map((fleet) => fleet.journals()))).flat();
  const { rows } = await database.db.pool.query<{ address: string; number: number }>(
    "select address, number from terminal_addresses",
  );
  const held = new Map(rows.map(({ address, number }) => [address, number]));
  const missing = journals.some(({ address, log: { results, begun } }) => {
    return begun.length > 0 || held.get(address) !== (results.at(-1)?.number ?? 0);
  });
  if (missing) await sleep(lookAgainMs);
  return !missing;
}

/** Reads all operations of the account through the API, page by page. Throws when a page fails. */
export async function readRows(
  http: ReturnType<typeof createHttp>,
  url: string,
  { token }: Account,
): Promise<SeenOperation[]> {
  const rows: SeenOperation[] = [];
  let next: string | undefined = "/v1/admin/terminals/operations?limit=100";
  while (next !== undefined) {
    const request = { url: `${url}${next}`, method: "GET", headers: { authorization: `Bearer ${token}` } } as const;
    const answer = await http.call({ ...request, timeoutMs: 30_000 });
    if ("unknown" in answer || answer.status !== 200) throw new Error(`no list: ${JSON.stringify(answer)}`);
    rows.push(...(answer.body as SeenOperation[]).map(keepSeen));
    const link = /<([^>]*)>; *rel="next"/.exec(String(answer.headers["link"] ?? ""))?.[1];
    next = link && pathOf(link);
  }
  return rows;
}

function pathOf(link: string): string {
  const { pathname, search } = new URL(link, "http://relative");
  return pathname + search;
}
