import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationCreate } from "@tillkeeper/contract/http/operations";
import { operationNames } from "@tillkeeper/contract/operations";
import type { Random } from "@tillkeeper/stage/programs/random";
import type { Intent, Reply, SeenOperation } from "../checker/history.ts";
import type { Api } from "./api.ts";
import { isSettled, type Watch } from "./watch.ts";

export interface ClientOptions {
  name: string;
  api: Api;
  watch: Watch;
  random: Random;
  accountId: string;
  terminalIds: readonly string[];
  /** Whether the server offers cancelling and `when_busy`. */
  offersCancelling: boolean;
  signal: AbortSignal;
}

const windowSeconds = { least: 5, most: 15 };
const shares = {
  keyed: 0.5,
  twiceAtOnce: 0.1,
  otherBody: 0.05,
  again: 0.05,
  followed: 0.3,
  cancelled: 0.08,
  waits: 0.2,
};
const pauseMs = { betweenIntents: [0, 400], beforeRetry: [100, 500], beforeLook: [150, 500] } as const;
/** The client gives an intent up after this many tries, some ten seconds under faults. */
const mostTries = 25;
/** The longest `Retry-After` of a busy terminal that a client waits for. */
const longestWaitSeconds = 3;

/**
 * All clients pause together at times, because requests make a server do more than they ask for. In the pause only the
 * server's workers can end due operations.
 */
const silence = { everyMs: 20_000, forMs: 4_000 };

/** Requests one operation after another, as a point of sale or back office would, until the signal aborts. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { name, signal } = options;
  const start = Date.now();
  for (let number = 1; !signal.aborted; number += 1) {
    const untilNext = silence.everyMs - ((Date.now() - start) % silence.everyMs);
    if (untilNext <= silence.forMs) await pause(options, [untilNext, untilNext]);
    await sendIntent(options, `${name}-${number}`);
    await pause(options, pauseMs.betweenIntents);
  }
}

async function sendIntent(options: ClientOptions, id: string): Promise<void> {
  const { random, watch, accountId } = options;
  const keyed = random.chance(shares.keyed);
  const operation = random.pick(operationNames);
  const terminalId = random.pick(options.terminalIds);
  const intent: Intent = { id, accountId, terminalId, operation, keyed };
  const body: OperationCreate = {
    terminal_id: terminalId,
    operation,
    parameters: { operator_id: id },
    timeout: random.integer(windowSeconds.least, windowSeconds.most),
    ...(options.offersCancelling && random.chance(shares.waits) && { when_busy: "wait" }),
  };
  const accepted = keyed
    ? await createWithRetries(options, intent, body)
    : operationOf(await options.api.create(intent, body));
  if (!accepted) return;
  if (options.offersCancelling && random.chance(shares.cancelled)) await options.api.cancel(accepted.id);
  if (random.chance(shares.followed)) await follow(options, accepted);
  else watch.add(options.api, accepted);
}

/**
 * Sends a request with a key again until its answer is certain. Sometimes it repeats an accepted request, as it was or
 * with another body, to test what the server does.
 */
async function createWithRetries(
  options: ClientOptions,
  intent: Intent,
  body: OperationCreate,
): Promise<SeenOperation | undefined> {
  const { api, random, signal } = options;
  const key = randomUUID();
  const twice = random.chance(shares.twiceAtOnce);
  for (let tries = 0; tries < mostTries && !signal.aborted; tries += 1) {
    const copies = Array.from({ length: twice && tries === 0 ? 2 : 1 }, () => api.create(intent, body, { key }));
    const replies = await Promise.all(copies);
    const accepted = replies.map(operationOf).find((operation) => operation !== undefined);
    if (accepted) {
      if (random.chance(shares.again)) await api.create(intent, body, { key });
      if (random.chance(shares.otherBody)) {
        const other = { ...body, timeout: windowSeconds.most + 1 };
        await api.create(intent, other, { key, otherBody: true });
      }
      return accepted;
    }
    const busy = replies.find((reply) => "status" in reply && reply.status === 409);
    if (busy && !(await waitWhileBusy(options, busy))) return undefined;
    await pause(options, pauseMs.beforeRetry);
  }
  return undefined;
}

/** Waits for `Retry-After` and returns true; returns false at once when that is too long. */
async function waitWhileBusy({ signal }: ClientOptions, reply: Reply): Promise<boolean> {
  const seconds = "status" in reply ? Number(reply.retryAfter) : 0;
  if (!(seconds <= longestWaitSeconds)) return false;
  await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
  return true;
}

/** Reads the operation until it has ended. */
async function follow(options: ClientOptions, { id }: SeenOperation): Promise<void> {
  while (!options.signal.aborted) {
    await pause(options, pauseMs.beforeLook);
    if (isSettled(await options.api.look(id))) return;
  }
}

async function pause({ random, signal }: ClientOptions, [least, most]: readonly [number, number]): Promise<void> {
  await sleep(random.integer(least, most), undefined, { signal }).catch(() => undefined);
}

function operationOf(reply: Reply): SeenOperation | undefined {
  return "status" in reply ? reply.operation : undefined;
}
