import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { RealClock } from "../../platform/clock.ts";
import { makeFolder } from "../../platform/folders/make-folder.ts";
import type { Logger } from "../../platform/log/log.ts";
import { hourMs, minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";
import type { DatabaseLocation } from "../db.ts";
import { backupLock } from "../locks.ts";
import { writeBackup } from "./write.ts";

/** Where backups are kept, how often one is made, and how many stay. */
export interface BackupPlan {
  folder: string;
  everyHours: number;
  keep: number;
}

interface ScheduleDeps {
  plan: BackupPlan;
  /** How to reach the database now: its password may have changed. */
  location: () => DatabaseLocation;
  clock: RealClock;
  log: Logger;
}

/** What a server knows of its scheduled backups. */
export interface BackupState {
  /** When the newest one was made, by its name. */
  newestAt: Date | undefined;
  /** Backups that this server has made, and that it could not make, since its start. */
  made: number;
  failed: number;
  /** Whether the last try failed, or the newest backup is twice as old as it should get. */
  late: boolean;
}

/** A folder on a shared disk may show a backup of another server; to look is cheap. */
const lookEveryMs = 5_000;
const againAfterMs = 10 * minuteMs;
/** How many times the planned age makes a backup late. */
const lateTimes = 2;

const form = /^tillkeeper-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z\.backup$/;
const draftForm = /^tillkeeper-[\dTZ-]+\.backup\.partial$/;

/**
 * Makes a backup whenever the newest one in the folder is old enough, so a time that passes while no server runs is made
 * up for at the next start. Servers of one database take turns, and those that share the folder make one backup
 * together. Files with other names are left alone.
 */
export class BackupSchedule {
  readonly #deps: ScheduleDeps;
  #made = 0;
  #failed = 0;
  #failing = false;
  #nextTryMs = Number.NEGATIVE_INFINITY;
  readonly #startedMs: number;
  readonly worker: Worker;

  constructor(deps: ScheduleDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.realNow().getTime();
    this.worker = every("backups", lookEveryMs, () => this.#look());
  }

  state(): BackupState {
    const newestAt = this.#newestAt();
    const { plan, clock } = this.#deps;
    const age = clock.realNow().getTime() - (newestAt?.getTime() ?? this.#startedMs);
    const late = this.#failing || age > lateTimes * plan.everyHours * hourMs;
    return { newestAt, made: this.#made, failed: this.#failed, late };
  }

  async #look(): Promise<void> {
    const { clock, log, plan } = this.#deps;
    if (!this.#isDue() || clock.elapsedMs() < this.#nextTryMs) return;
    try {
      makeFolder(plan.folder);
      if (await this.#alone(() => this.#make())) this.#failing = false;
    } catch (error) {
      this.#failed += 1;
      this.#failing = true;
      this.#nextTryMs = clock.elapsedMs() + againAfterMs;
      log.error({ err: error, folder: plan.folder }, "a scheduled backup failed; it is tried again in ten minutes");
    }
  }

  /** Whether the newest backup is old enough. */
  #isDue(): boolean {
    const { plan, clock } = this.#deps;
    const newest = this.#newestAt()?.getTime() ?? Number.NEGATIVE_INFINITY;
    return clock.realNow().getTime() - newest >= plan.everyHours * hourMs;
  }

  /** Runs the work unless another server of the database makes a backup. Resolves with whether it ran. */
  async #alone(work: () => Promise<void>): Promise<boolean> {
    const client = new pg.Client(this.#deps.location());
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [backupLock]);
      if (rows[0]?.taken !== true) return false;
      // Another server may have made it since.
      if (this.#isDue()) await work();
      return true;
    } finally {
      // The lock ends with the connection.
      await client.end().catch(() => undefined);
    }
  }

  async #make(): Promise<void> {
    const { plan, location, clock, log } = this.#deps;
    for (const name of this.#names(draftForm)) rmSync(join(plan.folder, name), { force: true });
    const at = clock.realNow().toISOString().slice(0, 19).replaceAll(":", "-");
    const file = join(plan.folder, `tillkeeper-${at}Z.backup`);
    const { rows } = await writeBackup(location(), file);
    this.#made += 1;
    const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
    log.info({ file, rows: total }, "a scheduled backup was made");
    const outdated = this.#names(form).toSorted().slice(0, -plan.keep);
    for (const name of outdated) rmSync(join(plan.folder, name), { force: true });
  }

  #newestAt(): Date | undefined {
    const [, day, ...time] = form.exec(this.#names(form).toSorted().at(-1) ?? "") ?? [];
    return day === undefined ? undefined : new Date(`${day}T${time.join(":")}Z`);
  }

  /** Names in the folder that have the form; none while it cannot be read. */
  #names(ofForm: RegExp): string[] {
    try {
      return readdirSync(this.#deps.plan.folder).filter((name) => ofForm.test(name));
    } catch {
      return [];
    }
  }
}
