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
  type ReportedField,
  recordTelemetry,
} from "./sql/note-telemetry.ts";

export interface TelemetryNotes {
  /** Keeps the values for the next `write`. */
  take(holder: Device, telemetry: Telemetry, at: Date): void;
  write(): Promise<void>;
}

const writeEveryMs = 1_000;
const mostAtOnce = 3_000;
/** The most values that wait while nothing can be written; later heartbeats repeat those beyond. */
const mostWaiting = 200_000;

interface NotesDeps {
  db: Db;
  clock: Clock;
  log: Logger;
}

/**
 * Batches the telemetry of terminals and writes it at most once a second. Of a field reported twice, the later value
 * counts.
 */
export function telemetryNotes({ db, clock, log }: NotesDeps): TelemetryNotes {
  const heldBack = new HeldBack(db, clock);
  const waiting = new Map<string, ReportedField>();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const keep = (told: ReportedField) => {
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
        // Properties that the contract does not know are ignored within a field too.
        if (value !== undefined) keep({ ...holder, field, value: Clean(Telemetry.properties[field], value), at });
      }
    },
    async write() {
      clearTimeout(timer);
      timer = undefined;
      await write();
      // Values held back exist in this process only.
      await heldBack.record();
    },
  };
}

/**
 * Writes a batch, by halves where a row is locked. The locked terminal's values wait for the next batch, and the others
 * are written now.
 */
async function noteFree(
  deps: Pick<NotesDeps, "db" | "clock"> & { keep: (told: ReportedField) => void },
  told: ReportedField[],
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

/**
 * Fields whose values came too soon after the last for the history. The last value of a burst is recorded when the
 * burst is over.
 */
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

  /** Records the fields that are due at `by` (elapsed milliseconds), or all of them without `by`. */
  async record(by?: number): Promise<void> {
    const due = [...this.#fields.values()].filter(({ dueAt }) => by === undefined || dueAt <= by);
    for (let from = 0; from < due.length; from += mostAtOnce) {
      const some = due.slice(from, from + mostAtOnce);
      const fields = some.map(({ field }) => field);
      await retried(() => recordTelemetry(this.#db.pool, fields, this.#clock.now()));
      for (const one of some) {
        // The field may have been held back again meanwhile.
        if (this.#fields.get(keyOf(one.field)) === one) this.#fields.delete(keyOf(one.field));
      }
    }
  }
}

function keyOf({ terminalId, field }: FieldOfTerminal): string {
  return `${terminalId} ${field}`;
}
