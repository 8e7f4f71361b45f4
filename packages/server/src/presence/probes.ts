import { randomUUID } from "node:crypto";
import type { ProbeMessage } from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { askFor, findProbes, findUnsent, forgetProbes, noteAnswer, noteSent, type ProbeRow } from "./probe-queries.ts";
import type { Origin } from "./queries.ts";

/** What carries a probe to a terminal; the gateway's transport does. */
export interface ProbeCarrier {
  hears(terminalId: string): boolean;
  publish(terminalId: string, channel: "probe", message: ProbeMessage): Promise<void>;
}

export interface Answered {
  reachable: boolean;
  roundTripMs?: number;
  /** Whether any server had a connection to send it over. */
  sent: boolean;
}

export interface Probes {
  /** Asks a terminal whether it is there. Who asks while another asks shares the outcome. Resolves within 2.5 seconds. */
  ask(origin: Origin): Promise<Answered>;
  answered(origin: Origin, probeId: string): Promise<void>;
  worker: Worker;
}

interface ProbeDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  carrier: () => ProbeCarrier;
}

/** A question waits so long for its answer, and so long no other is asked of the terminal. */
const patienceMs = 2_500;
/** Where no server has a connection, that is known sooner. */
const claimPatienceMs = 1_200;
const lookEveryMs = 200;
const forgetAfterMs = 5 * 60_000;
const forgetEveryMs = 60_000;

interface Waiting {
  row: ProbeRow;
  /** By the monotonic clock. */
  sinceMs: number;
  untilMs: number;
  timer: NodeJS.Timeout;
  resolve(answered: Answered): void;
}

/**
 * Questions to terminals. Each is a row, so that it finds the server that the terminal is connected to, and the answer
 * finds the server where somebody waits for it. At the same server neither way is gone.
 */
export function createProbes(deps: ProbeDeps): Probes {
  const { db, clock, log, carrier } = deps;
  const waiting = new Set<Waiting>();

  const settle = (one: Waiting, found: ProbeRow | undefined, nowMs: number) => {
    if (!waiting.has(one)) return;
    // Another question may have taken its place meanwhile.
    if (found?.probe_id === one.row.probe_id) one.row = found;
    const { sent_at: sent, answered_at: answered } = one.row;
    const over = nowMs >= one.untilMs || (!sent && nowMs >= one.sinceMs + claimPatienceMs);
    if (!answered && !over) return;
    waiting.delete(one);
    clearTimeout(one.timer);
    const roundTripMs = answered && sent ? Math.max(0, answered.getTime() - sent.getTime()) : undefined;
    one.resolve({
      reachable: answered !== null,
      sent: sent !== null,
      ...(roundTripMs !== undefined && { roundTripMs }),
    });
  };
  const send = async (row: Pick<ProbeRow, "terminal_id" | "probe_id">) => {
    const message = { probe_id: row.probe_id, sent_at: preciseTime(clock.now()) };
    await carrier()
      .publish(row.terminal_id, "probe", message)
      .catch((error: unknown) => log.warn({ err: error, terminal_id: row.terminal_id }, "a probe could not be sent"));
  };

  return {
    async ask(origin) {
      const now = clock.now();
      const here = carrier().hears(origin.terminalId);
      const freeFrom = new Date(now.getTime() - patienceMs);
      const { row, ours } = await askFor(db, origin, {
        probeId: randomUUID(),
        now,
        freeFrom,
        sentAt: here ? now : null,
      });
      const sinceMs = performance.now();
      const patience = Math.min(patienceMs, row.created_at.getTime() + patienceMs - now.getTime());
      const answer = new Promise<Answered>((resolve) => {
        // Also where the database went away meanwhile.
        const timer = setTimeout(() => settle(one, undefined, Number.POSITIVE_INFINITY), patience);
        const one: Waiting = { row, sinceMs, untilMs: sinceMs + patience, resolve, timer };
        waiting.add(one);
        settle(one, row, sinceMs);
      });
      if (ours && here) await send(row);
      return answer;
    },

    async answered(origin, probeId) {
      const row = await noteAnswer(db, origin, probeId, clock.now());
      if (!row) return;
      for (const one of waiting) if (one.row.probe_id === probeId) settle(one, row, performance.now());
    },

    worker: {
      name: "presence.probes",
      backWithinMs: lookEveryMs,
      async run(signal) {
        let forgottenAt = 0;
        while (!signal.aborted) {
          const now = clock.now();
          const unsent = await findUnsent(db, new Date(now.getTime() - patienceMs));
          for (const row of unsent.filter(({ terminal_id }) => carrier().hears(terminal_id))) {
            if (await noteSent(db, row, clock.now())) void send(row);
          }
          await lookForAnswers();
          if (performance.now() - forgottenAt > forgetEveryMs) {
            await forgetProbes(db, new Date(now.getTime() - forgetAfterMs));
            forgottenAt = performance.now();
          }
          await pause(lookEveryMs, signal);
        }
        for (const one of waiting) settle(one, undefined, Number.POSITIVE_INFINITY);
      },
    },
  };

  async function lookForAnswers(): Promise<void> {
    if (waiting.size === 0) return;
    const asked = [...waiting];
    const rows = await findProbes(
      db,
      asked.map(({ row }) => row),
    );
    const known = new Map(rows.map((row) => [row.probe_id, row]));
    for (const one of asked) if (waiting.has(one)) settle(one, known.get(one.row.probe_id), performance.now());
  }
}
