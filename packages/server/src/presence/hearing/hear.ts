import { limits } from "@tillkeeper/contract/limits";
import type {
  GoneMessage,
  GoodbyeMessage,
  HeartbeatMessage,
  HelloMessage,
  ProbeAnswerMessage,
} from "@tillkeeper/contract/mqtt/messages";
import type { Kysely } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { Clock, RealClock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import type { Device } from "../../terminals/record/devices.ts";
import { moveFreeTerminals } from "../../terminals/record/life-cycle.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import type { Probes } from "../probes/probes.ts";
import { extendDeadlines, findPresence } from "../record/queries.ts";
import { mayBeConnected } from "../status/status.ts";
import { telemetryNotes } from "../telemetry/telemetry.ts";
import { listeningSince } from "../watch/watch.ts";
import { EventBatches } from "./event-batches.ts";
import { type TerminalEvents, writePresenceEvents } from "./write.ts";

interface PresenceDeps {
  db: Db;
  clock: Clock;
  /** The clock that presence is judged by. */
  steady: RealClock;
  log: Logger;
  heartbeatSeconds: number;
  probes: Pick<Probes, "answered">;
}

export { endFault, noteDeviceChange } from "../record/queries.ts";

/** A terminal that polls over HTTPS asks again after at most so long; 4 seconds are for the way. */
const pollSeconds = limits.longPollWaitSecondsMax + 4;

/**
 * The device that a message came from. `polls`: it polls over HTTPS, so its messages come more often than heartbeats.
 */
export interface ReportingDevice extends Device {
  polls?: boolean;
}

/**
 * Takes the messages of terminals that concern presence, and stores them. All functions reject when the database cannot
 * be reached, except `heard` and `heartbeat`, whose events are written later.
 */
export interface Presence {
  readonly heartbeatSeconds: number;
  /** Resolves when the hello is written: the welcome is sent after it. */
  hello(origin: ReportingDevice, message: HelloMessage): Promise<void>;
  /** Called for any other message. Costs next to nothing, and never throws. */
  heard(origin: ReportingDevice): void;
  heartbeat(origin: ReportingDevice, message: HeartbeatMessage): Promise<void>;
  goodbye(origin: TerminalKey, message: GoodbyeMessage): Promise<void>;
  gone(origin: TerminalKey, message: GoneMessage): Promise<void>;
  probeAnswered(origin: ReportingDevice, message: ProbeAnswerMessage): Promise<void>;
  /** Whether the terminal may be connected, judged by its own messages. */
  mayBeThere(db: Kysely<Tables>, origin: TerminalKey): Promise<boolean>;
  /** Called before this server closes: gives its terminals time to connect to another server, or to the next one. */
  leave(terminals: TerminalKey[]): Promise<void>;
  flush(): Promise<void>;
}

export function createPresence(deps: PresenceDeps): Presence {
  const { db, clock, steady, log, heartbeatSeconds, probes } = deps;
  const batches = new EventBatches({ log, write: (told) => writeAll(deps, told) });
  const telemetry = telemetryNotes({ db, clock, log });
  const nextAfter = (at: Date, polls = false) => {
    const seconds = polls ? Math.min(pollSeconds, heartbeatSeconds) : heartbeatSeconds;
    return new Date(at.getTime() + seconds * 1_000);
  };

  return {
    heartbeatSeconds,
    hello({ polls, address, ...origin }, { session }) {
      const at = steady.realNow();
      return batches.now(origin, { kind: "hello", at, session, nextExpectedAt: nextAfter(at, polls), address });
    },
    heard({ polls, address, ...origin }) {
      const at = steady.realNow();
      batches.later(origin, { kind: "heard", at, nextExpectedAt: nextAfter(at, polls), address });
    },
    async heartbeat(
      { polls, ...holder },
      { session, round_trip_ms: roundTripMs = null, fault = null, telemetry: told },
    ) {
      const at = steady.realNow();
      if (told) telemetry.take(holder, told, clock.now());
      const { address, ...origin } = holder;
      const nextExpectedAt = nextAfter(at, polls);
      batches.later(origin, { kind: "heartbeat", at, session, nextExpectedAt, roundTripMs, fault, address });
    },
    goodbye: (origin, { session }) => batches.now(origin, { kind: "goodbye", at: steady.realNow(), session }),
    gone: (origin, { session }) => batches.now(origin, { kind: "gone", at: steady.realNow(), session }),
    probeAnswered(origin, { probe_id: probeId }) {
      this.heard(origin);
      return probes.answered(origin, probeId);
    },
    mayBeThere: (reader, origin) => mayBeThere(reader, origin, steady.realNow()),
    leave: (terminals) =>
      terminals.length > 0
        ? extendDeadlines(db.sql, terminals, { now: steady.realNow(), nextExpectedAt: nextAfter(steady.realNow()) })
        : Promise.resolve(),
    async flush() {
      await batches.flush();
      await telemetry.write();
    },
  };
}

async function mayBeThere(db: Kysely<Tables>, { accountId, terminalId }: TerminalKey, now: Date): Promise<boolean> {
  const row = await findPresence(db, accountId, terminalId);
  return mayBeConnected(row, await listeningSince(db, now), now);
}

/**
 * Writes events, then moves the status of terminals with a fault. Each heartbeat repeats a lasting fault, so a
 * heartbeat that could not be applied loses nothing.
 */
async function writeAll({ db, clock, steady }: PresenceDeps, told: TerminalEvents[]): Promise<ReadonlySet<string>> {
  const { heeded, busy } = await writePresenceEvents(db, told, steady.realNow());
  const faulty = heeded.filter(({ events }) => events.findLast((event) => event.kind === "heartbeat")?.fault);
  if (faulty.length > 0) await moveFreeTerminals(db.sql, clock, "device_fault", faulty);
  return busy;
}
