import { Telemetry, telemetryFields } from "@tillkeeper/contract/telemetry";
import { Clean } from "typebox/value";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Logger } from "../platform/log.ts";
import type { Origin } from "./queries.ts";
import { noteTelemetry, type ToldField } from "./sql/note-telemetry.ts";

export interface TelemetryNotes {
  /** Keeps it for the next `write`. */
  take(origin: Origin, telemetry: Telemetry, at: Date): void;
  write(): Promise<void>;
}

const writeEveryMs = 1_000;
const mostAtOnce = 3_000;
/** While nothing can be written: further ones come with later heartbeats. */
const mostWaiting = 200_000;

/** Gathers what terminals tell of themselves, and writes it at most once a second. Of a field told twice the later counts. */
export function telemetryNotes({ db, log }: { db: Db; log: Logger }): TelemetryNotes {
  const waiting = new Map<string, ToldField>();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const keep = (told: ToldField) => {
    const key = `${told.terminalId} ${told.field}`;
    const known = waiting.get(key);
    if (known ? known.at <= told.at : waiting.size < mostWaiting) waiting.set(key, told);
    timer ??= setTimeout(due, writeEveryMs);
  };
  const due = () => {
    timer = undefined;
    write().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing) log.warn({ err: error }, "telemetry could not be noted, it is tried again");
        failing = true;
      },
    );
  };
  const write = async () => {
    const all = [...waiting.values()];
    waiting.clear();
    for (let from = 0; from < all.length; from += mostAtOnce) {
      try {
        await retried(() => noteTelemetry(db.pool, all.slice(from, from + mostAtOnce)));
      } catch (error) {
        for (const told of all.slice(from)) keep(told);
        throw error;
      }
    }
  };
  return {
    take(origin, telemetry, at) {
      for (const field of telemetryFields) {
        const value = telemetry[field];
        // What the contract does not know inside of a field is ignored like a field that it does not know.
        if (value !== undefined) keep({ ...origin, field, value: Clean(Telemetry.properties[field], value), at });
      }
    },
    async write() {
      clearTimeout(timer);
      timer = undefined;
      await write();
    },
  };
}
