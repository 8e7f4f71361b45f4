import { inTenant } from "../../db/tenants/tenant.ts";
import { closingPlans } from "../../merchants/stores/closing-plan.ts";
import { batched } from "../../platform/load/batch.ts";
import { pause } from "../../platform/pause.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { type ClosingRow, findClosingsOfDays } from "../queries.ts";
import { type ClosedStep, type Closers, closeDue, type Step } from "./close-due.ts";
import { decide } from "./decide.ts";
import { type MoveDeps, moveOn } from "./move-on.ts";
import { claimStores, type PlaceRow } from "./queries.ts";
import { Slots } from "./slots.ts";

export type AutopilotDeps = Closers &
  MoveDeps & {
    /** How many reports of terminals wait to be written. */
    reportsWaiting: () => number;
    /** Makes this server go by the time of the database as it is now. */
    follow: () => Promise<void>;
  };

const everyMs = 1_000;
/** Stores that are closed at the same time, and how many are claimed at once. */
const mostUnderWay = 512;
const claimedAtOnce = 128;
/** The lease of a claim: after it another server takes over, in case this one has died. */
const againMs = 30_000;
/**
 * While more reports wait, no further store is claimed: commands that are sent faster than their answers are taken come back as repeated
 * answers, which put the server further behind.
 */
const mostReportsWaiting = 512;
const untilWrittenMs = 50;
/** Stores that have been closed are moved on together. */
const moves = { slots: 2, maxBatch: 128, maxQueue: mostUnderWay, restMs: 20 };

/**
 * Closes stores by themselves (D32). Any number of servers take turns: each claims stores that are due and closes them as a request
 * does, which makes one closing of a day however often it is done. Then it moves the store on to its next day, unless the store was changed
 * meanwhile. When a server dies in between, the next one repeats the steps with the same result.
 * A store that takes long holds its own slot only: others are claimed as slots get free.
 */
export function autopilotWorker(deps: AutopilotDeps): Worker {
  return every("closings.autopilot", everyMs, (signal) => new Round(deps, signal).run(), { backWithinMs: everyMs });
}

/** One round: it goes on as long as stores are due. */
class Round {
  readonly #deps: AutopilotDeps;
  readonly #signal: AbortSignal;
  readonly #slots = new Slots(mostUnderWay);
  readonly #underWay = new Set<Promise<void>>();
  readonly #movers = new Map<string, (step: ClosedStep) => Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(deps: AutopilotDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Rejects with the first failure, after all that is under way has ended. */
  async run(): Promise<void> {
    while (!this.#signal.aborted && this.#failures.length === 0) {
      if (this.#deps.reportsWaiting() > mostReportsWaiting) {
        await pause(untilWrittenMs, this.#signal);
        continue;
      }
      const claimed = await this.#claim();
      for (const [accountId, places] of Map.groupBy(claimed, (place) => place.accountId))
        this.#begin(accountId, places);
      if (claimed.length === claimedAtOnce) await this.#slots.untilFree(claimedAtOnce);
      else if (this.#underWay.size === 0) break;
      // Those that are moved on to a day that is due at once come with the next claim.
      else await Promise.race([this.#ended(), pause(everyMs, this.#signal)]);
    }
    await this.#ended();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #claim(): Promise<PlaceRow[]> {
    const now = this.#deps.clock.now();
    const again = new Date(now.getTime() + againMs);
    try {
      const claimed = await claimStores(this.#deps.db.sql, { now, again, limit: claimedAtOnce });
      // Another server may have moved business time, and the store have been changed since: its days begin now, not before the move.
      if (claimed.length > 0) await this.#deps.follow();
      return claimed;
    } catch (error) {
      this.#failures.push(error);
      return [];
    }
  }

  async #ended(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #begin(accountId: string, places: readonly PlaceRow[]): void {
    this.#slots.take(places.length);
    const steps = stepsOf(this.#deps, accountId, places);
    const move = this.#moverOf(accountId);
    for (const index of places.keys()) {
      const task = this.#lookAfter(async () => (await steps)[index] as Step, move);
      this.#underWay.add(task);
      void task.finally(() => {
        this.#underWay.delete(task);
        this.#slots.free();
      });
    }
  }

  /** Never rejects. */
  async #lookAfter(stepOf: () => Promise<Step>, move: (step: ClosedStep) => Promise<void>): Promise<void> {
    try {
      const step = await stepOf();
      const end = await closeDue(this.#deps, step);
      // One that failed stays due, and is claimed again later.
      if (end !== "failed") await move({ ...step, isIdle: end === "idle" });
    } catch (error) {
      this.#failures.push(error);
    }
  }

  #moverOf(accountId: string): (step: ClosedStep) => Promise<void> {
    const known = this.#movers.get(accountId);
    if (known) return known;
    const mover = batched<ClosedStep, void>({
      ...moves,
      overload: () => new Error("more stores are to be moved on than were claimed"),
      run: async (batch) => {
        await moveOn(this.#deps, accountId, batch);
        return batch.map(() => undefined);
      },
    });
    this.#movers.set(accountId, mover);
    return mover;
  }
}

/** The decisions for stores of one account, read for all of them at once. */
function stepsOf({ db, clock }: AutopilotDeps, accountId: string, places: readonly PlaceRow[]): Promise<Step[]> {
  return inTenant(db, accountId, async (tx) => {
    const now = clock.now();
    const plans = await closingPlans(tx, accountId, { ids: places.map(({ storeRef }) => storeRef), now });
    const byStore = new Map(plans.map((plan) => [plan.storeRef, plan]));
    const decided = places.map((place): Omit<Step, "closing"> => {
      const plan = byStore.get(place.storeRef);
      return { place, plan, decision: plan ? decide(plan, place, now) : { what: "off" } };
    });
    const days = decided.flatMap(({ place: { storeRef }, decision }) =>
      decision.what === "close" || decision.what === "again" ? [{ storeRef, day: decision.due.day }] : [],
    );
    const closings = new Map<string, ClosingRow>();
    for (const closing of await findClosingsOfDays(tx, accountId, days)) closings.set(closing.store_ref, closing);
    return decided.map((step) => ({ ...step, closing: closings.get(step.place.storeRef) }));
  });
}
