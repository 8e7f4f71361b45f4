import { limits } from "@tillkeeper/contract/limits";
import type {
  GoneMessage,
  GoodbyeMessage,
  HeartbeatMessage,
  HelloMessage,
  ProbeAnswerMessage,
} from "@tillkeeper/contract/mqtt";
import type { Kysely } from "kysely";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";
import type { Clock, RealClock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import type { Device } from "../terminals/devices.ts";
import { moveFreeTerminals } from "../terminals/life-cycle.ts";
import { Gathering } from "./gathering.ts";
import { type Told, writeEvents } from "./journal.ts";
import type { Probes } from "./probes.ts";
import { expectLater, findPresence, type Origin } from "./queries.ts";
import { mayBeConnected } from "./status.ts";
import { telemetryNotes } from "./telemetry.ts";
import { listeningSince } from "./watch.ts";

interface PresenceDeps {
  db: Db;
  clock: Clock;
  /** Who is there is judged by it. */
  steady: RealClock;
  log: Logger;
  heartbeatSeconds: number;
  probes: Pick<Probes, "answered">;
}

export { awaitOtherTelemetry, endFault } from "./queries.ts";

/** Whoever asks for messages over HTTPS asks again after this long at most, and some time to travel. */
const pollSeconds = limits.longPollWaitSecondsMax + 4;

/** Who speaks as a terminal, and whether it asks for its messages over HTTPS: then it is heard of more often than by heartbeats. */
export interface HeardFrom extends Device {
  polls?: boolean;
}

/** Takes what is heard of terminals: who is there, and how it is. */
export interface Presence {
  readonly heartbeatSeconds: number;
  /** Resolves when it is written: the welcome follows. */
  hello(origin: HeardFrom, message: HelloMessage): Promise<void>;
  /** Any other message; costs nothing worth mentioning. */
  heard(origin: HeardFrom): void;
  heartbeat(origin: HeardFrom, message: HeartbeatMessage): Promise<void>;
  goodbye(origin: Origin, message: GoodbyeMessage): Promise<void>;
  gone(origin: Origin, message: GoneMessage): Promise<void>;
  probeAnswered(origin: HeardFrom, message: ProbeAnswerMessage): Promise<void>;
  /** Whether the terminal may be connected, as far as its own words tell. */
  mayBeThere(db: Kysely<Tables>, origin: Origin): Promise<boolean>;
  /** This server goes away: those connected to it come back to another, or to the next one. */
  leave(terminals: Origin[]): Promise<void>;
  flush(): Promise<void>;
}

export function createPresence(deps: PresenceDeps): Presence {
  const { db, clock, steady, log, heartbeatSeconds, probes } = deps;
  const gathering = new Gathering({ log, write: (told) => writeAll(deps, told) });
  const telemetry = telemetryNotes({ db, clock, log });
  const nextAfter = (at: Date, polls = false) => {
    const seconds = polls ? Math.min(pollSeconds, heartbeatSeconds) : heartbeatSeconds;
    return new Date(at.getTime() + seconds * 1_000);
  };

  return {
    heartbeatSeconds,
    hello({ polls, address, ...origin }, { session }) {
      const at = steady.realNow();
      return gathering.now(origin, { kind: "hello", at, session, nextExpectedAt: nextAfter(at, polls), address });
    },
    heard({ polls, address, ...origin }) {
      const at = steady.realNow();
      gathering.later(origin, { kind: "heard", at, nextExpectedAt: nextAfter(at, polls), address });
    },
    async heartbeat(
      { polls, ...holder },
      { session, round_trip_ms: roundTripMs = null, fault = null, telemetry: told },
    ) {
      const at = steady.realNow();
      if (told) telemetry.take(holder, told, clock.now());
      const { address, ...origin } = holder;
      const nextExpectedAt = nextAfter(at, polls);
      gathering.later(origin, { kind: "heartbeat", at, session, nextExpectedAt, roundTripMs, fault, address });
    },
    goodbye: (origin, { session }) => gathering.now(origin, { kind: "goodbye", at: steady.realNow(), session }),
    gone: (origin, { session }) => gathering.now(origin, { kind: "gone", at: steady.realNow(), session }),
    probeAnswered(origin, { probe_id: probeId }) {
      this.heard(origin);
      return probes.answered(origin, probeId);
    },
    mayBeThere: (reader, origin) => mayBeThere(reader, origin, steady.realNow()),
    leave: (terminals) =>
      terminals.length > 0
        ? expectLater(db.sql, terminals, { now: steady.realNow(), nextExpectedAt: nextAfter(steady.realNow()) })
        : Promise.resolve(),
    async flush() {
      await gathering.flush();
      await telemetry.write();
    },
  };
}

async function mayBeThere(db: Kysely<Tables>, { accountId, terminalId }: Origin, now: Date): Promise<boolean> {
  const row = await findPresence(db, accountId, terminalId);
  return mayBeConnected(row, await listeningSince(db, now), now);
}

/** A fault is told with every heartbeat for as long as it lasts, so it is also heeded when it was told in the wrong moment. */
async function writeAll({ db, clock, steady }: PresenceDeps, told: Told[]): Promise<ReadonlySet<string>> {
  const { heeded, busy } = await writeEvents(db, told, steady.realNow());
  const faulty = heeded.filter(({ events }) => events.findLast((event) => event.kind === "heartbeat")?.fault);
  if (faulty.length > 0) await moveFreeTerminals(db.sql, clock, "device_fault", faulty);
  return busy;
}
