import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, type Random } from "@tillkeeper/stage/programs/random";
import { until } from "@tillkeeper/stage/until";
import type { History, Visit } from "./checker/history.ts";
import { localTime } from "./days.ts";
import { Fleet, type Member, storeIdOf } from "./fleet.ts";
import { conditionAt } from "./plan/faults.ts";
import { type Change, makePlan, type Plan, type PlannedVisit, type StoreState } from "./plan/plan.ts";
import { readClosings, readMissed, readOperations, readReports } from "./readers.ts";
import { SimulatedClock } from "./stage/clock.ts";
import { quiet } from "./stage/quiet.ts";
import { openStage, type Stage } from "./stage/stage.ts";
import { untilTold } from "./stage/told.ts";

export interface RunOptions {
  seed: number;
  stores: number;
  days: number;
  from: string;
  variant?: string | undefined;
  signal: AbortSignal;
  /** Called with each line about the progress of the run. */
  say: (line: string) => void;
}

/** What a run leaves behind, and how it went. */
export interface Ran {
  history: History;
  figures: { visits: number; kills: number; seconds: number; unquiet: number };
}

const together = 8;

/** Plays a plan with real servers and terminals, and collects what it left behind. */
export async function runYear(options: RunOptions): Promise<Ran> {
  const stage = await openStage(options);
  const run = new Run(stage, makePlan(options), options);
  try {
    return await run.play();
  } finally {
    await run.end();
    await stage.close();
  }
}

const dayMs = 86_400_000;
const soonMs = 15_000;
/** The hours of trade, and the hour before which no day is closed. */
const [opensAt, closesFrom, shutsAt] = [9, 18, 20];
/** What a dead server has claimed is looked at by the other one after half a minute. */
const afterKillMs = 50_000;

class Run {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #clock: SimulatedClock;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #visits: Visit[] = [];
  readonly #storeStates: { at: number; state: StoreState }[][];
  readonly #homes: { at: number; store: number }[][] = [];
  readonly #restarts = new Set<Promise<void>>();
  #waiting: Change[];
  #kills = 0;
  #unquiet = 0;

  constructor(stage: Stage, plan: Plan, options: RunOptions) {
    this.#stage = stage;
    this.#plan = plan;
    this.#options = options;
    this.#clock = new SimulatedClock(stage.database);
    this.#fleet = new Fleet(stage, this.#clock.now);
    this.#random = createRandom(options.seed + 1);
    this.#storeStates = plan.stores.map(() => []);
    this.#waiting = [...plan.changes];
  }

  async play(): Promise<Ran> {
    const { signal, say } = this.#options;
    const began = performance.now();
    await this.#clock.moveTo(this.#plan.from);
    // The followers of the clock.
    await sleep(1_500);
    await this.#setUp();
    say(
      `${this.#plan.stores.length} stores, ${this.#fleet.members.length} terminals, ${this.#plan.visits.length} visits.`,
    );
    let day = 0;
    for (const visit of this.#plan.visits) {
      signal.throwIfAborted();
      await this.#visit(visit);
      const today = Math.floor((visit.at - this.#plan.from) / dayMs);
      if (today > day && today % 10 === 0) {
        const seconds = Math.round((performance.now() - began) / 1000);
        say(`day ${today} of ${this.#options.days} after ${seconds} s`);
      }
      day = today;
    }
    await this.#comeToRest();
    const seconds = Math.round((performance.now() - began) / 1000);
    return this.#collect({ visits: this.#visits.length, kills: this.#kills, seconds, unquiet: this.#unquiet });
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#restarts);
    await Promise.all(this.#fleet.members.map(({ device }) => device.be("away")));
  }

  async #setUp(): Promise<void> {
    await inTurns(this.#plan.stores, async (state, number) => {
      await this.#fleet.addStore(number, state);
      this.#storeStates[number]?.push({ at: this.#clock.now(), state });
    });
    await inTurns(this.#plan.terminals, async ({ store }, number) => {
      await this.#fleet.addTerminal(number, store);
      this.#homes[number] = [{ at: this.#clock.now(), store }];
    });
  }

  async #visit({ at, kill }: PlannedVisit): Promise<void> {
    const { members } = this.#fleet;
    // What changes at this instant changes just before it, while the clock stands.
    await this.#change(at);
    await this.#untilTold(at);
    let isBack = false;
    await inTurns(members, async ({ device }, number) => {
      const condition = this.#conditionAt(number, at);
      isBack ||= condition === "up" && device.condition !== "up";
      await device.be(condition);
    });
    await until(() => members.every(({ device }) => device.settled), "all devices to be welcomed", {
      everyMs: 5,
      signal: this.#options.signal,
    });
    if (isBack) await this.#untilTold(at);
    await this.#clock.moveTo(at);
    const struck = kill ? this.#kill(kill) : Promise.resolve();
    this.#trade(at);
    const { soon } = await this.#quiet();
    await struck;
    // What a terminal did not answer before is tried again after a pause.
    if (soon && (isBack || kill)) {
      await this.#clock.moveTo(at + soonMs);
      await this.#quiet();
    }
    if (kill) {
      await this.#clock.moveTo(at + afterKillMs);
      await this.#quiet();
    }
    this.#visits.push({ at, until: this.#clock.now() });
  }

  #conditionAt(number: number, at: number) {
    return conditionAt(this.#plan.terminals[number]?.faults ?? [], at);
  }

  /** Waits until the server knows of the batches of days that may be closed now, and of devices that go away now. */
  async #untilTold(at: number): Promise<void> {
    const matters = this.#fleet.members.filter(({ device }, number) => {
      if (!device.reachable) return false;
      if (this.#conditionAt(number, at) !== "up") return true;
      const { hour } = localTime(this.#zoneOf(number), at);
      return hour >= closesFrom || hour < opensAt;
    });
    await untilTold({ database: this.#stage.database, members: matters, at, signal: this.#options.signal });
  }

  async #quiet() {
    const byId = new Map(this.#fleet.members.map(({ terminalId, device }) => [terminalId, device]));
    const { soon, tookMs } = await quiet({
      database: this.#stage.database,
      now: this.#clock.now,
      answers: (terminalId) => byId.get(terminalId)?.reachable ?? false,
      soonMs,
    });
    if (tookMs > 10_000) this.#unquiet += 1;
    return { soon };
  }

  /** Kills servers, and has them started again. Resolves when they have been killed. */
  async #kill({ servers, afterMs }: NonNullable<PlannedVisit["kill"]>): Promise<void> {
    await sleep(afterMs);
    for (const number of servers) {
      const server = this.#stage.servers[number];
      if (!server?.alive) continue;
      this.#kills += 1;
      const restart = server.killAndStart();
      this.#restarts.add(restart);
      void restart.finally(() => this.#restarts.delete(restart)).catch(() => undefined);
    }
  }

  /** Terminals sell by day, and now and then at night. */
  #trade(at: number): void {
    for (const [number, { device }] of this.#fleet.members.entries()) {
      const { hour } = localTime(this.#zoneOf(number), at);
      const isOpen = hour >= opensAt && hour < shutsAt;
      const sells = this.#random.chance(isOpen ? 0.35 : 0.015);
      if (sells && device.condition === "up")
        device.sell(this.#random.integer(1, 9), this.#random.integer(100, 99_999));
    }
  }

  /** The time zone of the store to which the terminal belongs. */
  #zoneOf(number: number): string {
    const store = this.#homes[number]?.at(-1)?.store ?? 0;
    return this.#storeStates[store]?.at(-1)?.state.configuration.zone ?? "UTC";
  }

  async #change(at: number): Promise<void> {
    const due = this.#waiting.filter((change) => change.at <= at);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.slice(due.length);
    for (const change of due) {
      if (change.kind === "store") {
        const { configuration, enabled, suspended } = change;
        const state = { configuration, enabled, suspended };
        await this.#fleet.configure(change.store, state);
        this.#storeStates[change.store]?.push({ at: this.#clock.now(), state });
        continue;
      }
      const member = this.#fleet.members[change.terminal] as Member;
      if (change.kind === "swap") await this.#fleet.swap(member);
      else if (await this.#fleet.move(member, change.store))
        this.#homes[change.terminal]?.push({ at: this.#clock.now(), store: change.store });
    }
  }

  /** A day and a half without faults: outstanding mails are sent, and the last days get their reports. */
  async #comeToRest(): Promise<void> {
    const { members } = this.#fleet;
    await inTurns(members, ({ device }) => device.be("up"));
    await until(() => members.every(({ device }) => device.settled), "all devices to be welcomed");
    const { until: end } = this.#plan;
    for (const hours of [1, 2, 12, 24, 36, 60]) {
      await this.#untilTold(end + hours * 3_600_000);
      await this.#clock.moveTo(end + hours * 3_600_000);
      await this.#quiet();
    }
    const reported = async () => {
      const { rows } = await this.#stage.database.query<{ missing: number }>(
        `select count(*)::int as missing from closings as closing where not exists (
           select from closing_reports as report
           where report.account_id = closing.account_id and report.closing_id = closing.id)`,
      );
      return rows[0]?.missing === 0;
    };
    // What has none after that is a finding.
    await until(reported, "the reports", { withinMs: 60_000, everyMs: 250 }).catch(() => undefined);
  }

  async #collect(figures: Ran["figures"]): Promise<Ran> {
    const { database } = this.#stage;
    const [closings, missed, operations, days] = await Promise.all([
      readReports(database),
      readMissed(database),
      readOperations(database),
      readClosings(database),
    ]);
    const history: History = {
      stores: this.#storeStates.map((states, number) => ({
        storeId: storeIdOf(number),
        states: states.map(({ at, state }) => ({ at, ...state })),
      })),
      terminals: this.#fleet.members.map(({ terminalId, devices }, number) => ({
        terminalId,
        faults: this.#plan.terminals[number]?.faults ?? [],
        stores: this.#homes[number] ?? [],
        devices,
      })),
      visits: this.#visits,
      closings,
      missed,
      operations,
      days,
    };
    return { history, figures };
  }
}

/** Does work for each item, for a few at a time. */
async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as Item, index);
  };
  await Promise.all(Array.from({ length: together }, lane));
}
