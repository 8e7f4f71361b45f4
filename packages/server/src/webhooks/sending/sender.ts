import { randomUUID } from "node:crypto";
import type { Db } from "../../db/db.ts";
import { unavailable } from "../../db/failures.ts";
import type { PresentEvents } from "../../events/read.ts";
import { batched } from "../../platform/load/batch.ts";
import type { Logger } from "../../platform/log/log.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { WorkerPace } from "../../platform/worker-pace.ts";
import { type AttemptDeps, attempt, endWithoutEvent, quickMs } from "./attempt.ts";
import { withBodies } from "./bodies.ts";
import { type Claimed, claimDue, firstOfAll, type Lane, lanes } from "./claim.ts";
import { pauseFailing } from "./pause-failing.ts";
import { Running } from "./running.ts";
import { type Ended, endAttempts, giveBack, takeOver, useSlowLane } from "./sql.ts";

export interface SenderDeps extends AttemptDeps {
  db: Db;
  log: Logger;
  present: PresentEvents;
  /** Called after each attempt to deliver. `given_up`: no other follows. Must not throw. */
  attempted: (outcome: AttemptOutcome) => void;
}

export type AttemptOutcome = "delivered" | "failed" | "given_up";

/** How long a delivery rests whose event could not be read. */
const restMs = 5_000;
/** A claim reads all subscriptions that wait, so in a full lane it waits for some places. They come back within `quickMs`. */
const leastFast = 32;
const takeOverEveryMs = 5_000;
/** A repetition that is due within this is looked at when it is due; the others wait for the next look. */
const soonMs = 10_000;

/**
 * Sends due deliveries. Receivers that answer, and those that do not, have lanes of their own: a request that takes longer than a moment
 * gives its place in the fast lane back, and its subscription uses the slow lane from then on. So however many receivers are dead,
 * the others wait for none of them.
 */
export class Sender {
  readonly workers: readonly Worker[];
  readonly #deps: SenderDeps;
  readonly #running = new Running();
  readonly #stopped = new AbortController();
  readonly #behind = new Map<Lane, string>();
  /** The lanes in which the present pass through all subscriptions has claimed something. */
  readonly #found = new Set<Lane>();
  readonly #end: (ended: Ended) => Promise<void>;
  readonly #pace = new WorkerPace({ busyMs: 20, idleMs: 1_000, idleAfterMs: 2_000 });

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.#end = batched<Ended, undefined>({
      run: async (batch) => {
        await endAttempts(deps.db.pool, batch);
        return batch.map(() => undefined);
      },
      slots: 2,
      maxBatch: 200,
      maxQueue: 10_000,
      restMs: 5,
      overload: () => unavailable(new Error("too many attempts wait to be written down")),
    });
    const options = { backWithinMs: 1_000, end: () => this.#stop() };
    this.workers = [
      every("webhooks.send", this.#pace.restMs, () => this.#round(), options),
      every("webhooks.take-over", takeOverEveryMs, async () => (await takeOver(deps.db.pool)) > 0, {
        backWithinMs: 5_000,
      }),
    ];
  }

  /** There is something to send. */
  wake(): void {
    this.workers[0]?.wake();
  }

  async #round(): Promise<boolean> {
    const more = await Promise.all([lanes.fast, lanes.ping, lanes.slow].map((lane) => this.#claim(lane)));
    return more.includes(true);
  }

  async #claim(lane: Lane): Promise<boolean> {
    const { db, clock } = this.#deps;
    const free = this.#running.freeIn(lane);
    if (free < (lane === lanes.fast ? leastFast : 1)) return false;
    const lease = randomUUID();
    const behind = this.#behind.get(lane) ?? firstOfAll;
    const { claimed, next } = await claimDue(db.pool, {
      lane,
      behind,
      now: clock.now(),
      realNow: clock.realNow(),
      free,
      ...this.#running.in(lane),
      lease,
    });
    this.#behind.set(lane, next);
    if (claimed.length > 0) {
      this.#found.add(lane);
      this.#pace.found();
      // Others are claimed while the bodies of these are read: a full lane waits for the slowest step only, not for the sum of all.
      void this.#begin(claimed, lease).catch((error: unknown) => this.#failed(error));
    }
    if (next !== firstOfAll) return true;
    // A pass of several claims is followed by another at once only where it found something.
    const found = this.#found.delete(lane);
    return behind !== firstOfAll && found;
  }

  async #begin(claimed: readonly Claimed[], lease: string): Promise<void> {
    const { db, clock, log, present } = this.#deps;
    // Places are taken before the next claim, which counts them.
    for (const delivery of claimed) this.#running.take(delivery);
    try {
      const { ready, gone } = await withBodies(db.pool, present, claimed);
      for (const delivery of ready) void this.#send(delivery);
      for (const delivery of gone) {
        this.#leave(delivery);
        void this.#end(endWithoutEvent(clock, delivery)).catch((error: unknown) => this.#failed(error));
      }
    } catch (error) {
      log.error({ err: error }, "events could not be read for webhooks, which are sent later");
      for (const delivery of claimed) this.#leave(delivery);
      const ids = claimed.map(({ id }) => id);
      await giveBack(db.pool, { lease, ids, dueAt: new Date(clock.now().getTime() + restMs) });
    }
  }

  async #send(delivery: Claimed & { body: string }): Promise<void> {
    const { db, clock } = this.#deps;
    const drift = setTimeout(() => this.#drift(delivery), quickMs);
    try {
      const ended = await attempt(this.#deps, { delivery, signal: this.#stopped.signal });
      if (!ended) {
        await giveBack(db.pool, { lease: delivery.lease, ids: [delivery.id], dueAt: clock.now() });
        return;
      }
      await this.#end(ended);
      this.#deps.attempted(outcomeOf(ended));
      if (ended.state === "waiting") this.#lookAt(ended.dueAt);
      if (ended.state === "given_up" && ended.counts) await pauseFailing(this.#deps, delivery);
    } catch (error) {
      // Its lease ends, and it is sent again.
      this.#failed(error);
    } finally {
      clearTimeout(drift);
      this.#leave(delivery);
    }
  }

  /** Looks when an attempt is due soon, if the sender rests by then. */
  #lookAt(dueAt: Date): void {
    const ms = dueAt.getTime() - this.#deps.clock.now().getTime();
    if (ms < soonMs) setTimeout(() => this.#stir(), Math.max(0, ms)).unref();
  }

  /** Gives a place back, for which others may have waited. */
  #leave(delivery: Claimed): void {
    this.#running.leave(delivery);
    this.#stir();
  }

  #stir(): void {
    const [sending] = this.workers;
    if (sending) this.#pace.stir(sending);
  }

  /** It takes longer than a moment. */
  #drift(delivery: Claimed): void {
    if (!this.#running.drift(delivery)) return;
    this.#stir();
    useSlowLane(this.#deps.db.pool, delivery.subscription_id).then(
      () => this.#stir(),
      (error: unknown) => this.#failed(error),
    );
  }

  #failed(error: unknown): void {
    this.#deps.log.error({ err: error }, "an attempt of a webhook could not be written down; it is sent again");
  }

  /** Ends running attempts and gives their deliveries back, so that another server or the next start sends them at once. */
  async #stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running.over();
    await this.#deps.poster.close();
  }
}

function outcomeOf({ succeeded, state }: Ended): AttemptOutcome {
  if (succeeded) return "delivered";
  return state === "given_up" ? "given_up" : "failed";
}
