import { Telemetry, telemetryFields } from "@tillkeeper/contract/telemetry";
import { Clean } from "typebox/value";
import type { Db } from "../../db/db.ts";
import { isLockTimeout } from "../../db/failures.ts";
import { retried } from "../../db/retry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import type { Device } from "../../terminals/record/devices.ts";
import {
  type FieldOfTerminal,
  historyGapMs,
  noteTelemetry,
  recordTelemetry,
  type ToldField,
} from "./sql/note-telemetry.ts";

export interface TelemetryNotes {
  /** Keeps it for the next `write`. */
  take(holder: Device, telemetry: Telemetry, at: Date): void;
  write(): Promise<void>;
}

const writeEveryMs = 1_000;
const mostAtOnce = 3_000;
/** While nothing can be written: further ones come with later heartbeats. */
const mostWaiting = 200_000;

interface NotesDeps {
  db: Db;
  clock: Clock;
  log: Logger;
}

/** Gathers what terminals tell of themselves, and writes it at most once a second. Of a field told twice the later counts. */
export function telemetryNotes({ db, clock, log }: NotesDeps): TelemetryNotes {
  const heldBack = new HeldBack(db, clock);
  const waiting = new Map<string, ToldField>();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const keep = (told: ToldField) => {
    const key = keyOf(told);
    const known = waiting.get(key);
    if (known ? known.at <= told.at : waiting.size < mostWaiting) waiting.set(key, told);
    soon();
  };
  const soon = () => (timer ??= setTimeout(due, writeEveryMs));
  const due = () => {
    timer = undefined;
    write()
      .then(() => heldBack.record(clock.elapsedMs()))
      .then(
        () => (failing = false),
        (error: unknown) => {
          if (!failing) log.warn({ err: error }, "telemetry could not be noted, it is tried again");
          failing = true;
        },
      )
      .finally(() => heldBack.any && soon());
  };
  const write = async () => {
    const all = [...waiting.values()];
    waiting.clear();
    for (let from = 0; from < all.length; from += mostAtOnce) {
      try {
        heldBack.add(await noteFree({ db, clock, keep }, all.slice(from, from + mostAtOnce)));
      } catch (error) {
        for (const told of all.slice(from)) keep(told);
        throw error;
      }
    }
  };
  return {
    take({ accountId, terminalId, address }, telemetry, at) {
      const holder = { accountId, terminalId, address };
      for (const field of telemetryFields) {
        const value = telemetry[field];
        // What the contract does not know inside of a field is ignored like a field that it does not know.
        if (value !== undefined) keep({ ...holder, field, value: Clean(Telemetry.properties[field], value), at });
      }
    },
    async write() {
      clearTimeout(timer);
      timer = undefined;
      await write();
      // What is held back would be forgotten with this server.
      await heldBack.record();
    },
  };
}

/** By halves where another transaction has one of them in hand: that one comes again, the others need not wait for it. */
async function noteFree(
  deps: Pick<NotesDeps, "db" | "clock"> & { keep: (told: ToldField) => void },
  told: ToldField[],
): Promise<FieldOfTerminal[]> {
  const { db, clock, keep } = deps;
  try {
    return await retried(() => noteTelemetry(db.pool, told, clock.now()));
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const half = Math.ceil(told.length / 2);
    if (half < told.length)
      return [...(await noteFree(deps, told.slice(0, half))), ...(await noteFree(deps, told.slice(half)))];
    for (const one of told) keep(one);
    return [];
  }
}

/** Fields whose values came too soon for the history: the last of a burst gets there when the burst is over. */
class HeldBack {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #fields = new Map<string, { field: FieldOfTerminal; dueAt: number }>();

  constructor(db: Db, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  get any(): boolean {
    return this.#fields.size > 0;
  }

  add(fields: FieldOfTerminal[]): void {
    const dueAt = this.#clock.elapsedMs() + historyGapMs;
    for (const field of fields) this.#fields.set(keyOf(field), { field, dueAt });
  }

  /** Those that are due by then, as time passes; all of them where nothing is named. */
  async record(by?: number): Promise<void> {
    const due = [...this.#fields.values()].filter(({ dueAt }) => by === undefined || dueAt <= by);
    for (let from = 0; from < due.length; from += mostAtOnce) {
      const some = due.slice(from, from + mostAtOnce);
      const fields = some.map(({ field }) => field);
      await retried(() => recordTelemetry(this.#db.pool, fields, this.#clock.now()));
      for (const one of some) {
        // It may have been held back anew meanwhile.
        if (this.#fields.get(keyOf(one.field)) === one) this.#fields.delete(keyOf(one.field));
      }
    }
  }
}

function keyOf({ terminalId, field }: FieldOfTerminal): string {
  return `${terminalId} ${field}`;
}
