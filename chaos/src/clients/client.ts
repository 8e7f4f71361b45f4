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
  /** The server takes cancellations and `when_busy`. */
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
const pauseMs = { betweenWishes: [0, 400], beforeRetry: [100, 500], beforeLook: [150, 500] } as const;
/** A wish is given up after so many tries; with the faults' lengths that is some ten seconds. */
const mostTries = 25;
/** A terminal that is busy is waited for only this long. */
const longestWaitSeconds = 3;

/**
 * Now and then all clients fall silent together. Requests make a server look after more than they ask for; without them
 * only its workers are left to end what must end.
 */
const silence = { everyMs: 20_000, forMs: 4_000 };

/** Wishes for one operation after the other, as a point of sale or back office would, until the signal. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { name, signal } = options;
  const start = Date.now();
  for (let number = 1; !signal.aborted; number += 1) {
    const untilNext = silence.everyMs - ((Date.now() - start) % silence.everyMs);
    if (untilNext <= silence.forMs) await pause(options, [untilNext, untilNext]);
    await fulfil(options, `${name}-${number}`);
    await pause(options, pauseMs.betweenWishes);
  }
}

async function fulfil(options: ClientOptions, id: string): Promise<void> {
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
  const accepted = keyed ? await insist(options, intent, body) : operationOf(await options.api.create(intent, body));
  if (!accepted) return;
  if (options.offersCancelling && random.chance(shares.cancelled)) await options.api.cancel(accepted.id);
  if (random.chance(shares.followed)) await follow(options, accepted);
  else watch.add(options.api, accepted);
}

/** With a key a request may be sent again until the answer is certain; and a little more, to see what that does. */
async function insist(
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
    if (busy && !(await worthWaiting(options, busy))) return undefined;
    await pause(options, pauseMs.beforeRetry);
  }
  return undefined;
}

async function worthWaiting({ signal }: ClientOptions, reply: Reply): Promise<boolean> {
  const seconds = "status" in reply ? Number(reply.retryAfter) : 0;
  if (!(seconds <= longestWaitSeconds)) return false;
  await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
  return true;
}

/** Looks again and again until the operation has ended. */
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
