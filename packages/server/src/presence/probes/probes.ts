import { randomUUID } from "node:crypto";
import type { ProbeMessage } from "@tillkeeper/contract/mqtt/messages";
import type { Db } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { addressOf } from "../../terminals/credentials/replace-credential.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";

import {
  createOrJoinProbe,
  findProbes,
  findUnansweredProbes,
  forgetProbes,
  noteAnswer,
  noteSent,
  type ProbeRow,
} from "./queries.ts";
import { type Answered, WaitingProbes } from "./waiting.ts";

/**
 * Carries probes to terminals; the gateway's `DeviceTransport` implements it. `publish` is called for each sending of a
 * probe, and rejects when the broker cannot be reached; the probe then goes unanswered.
 */
interface ProbeCarrier {
  hears(terminalId: string): boolean;
  publish(address: string, channel: "probe", message: ProbeMessage): Promise<void>;
}

/**
 * Tells which terminals poll this server over HTTPS; the gateway's `Mailboxes` implement it. No broker carries a probe
 * to them.
 */
interface WaitingTerminals {
  lacks(terminalId: string, channel: "probe", probeId: string): boolean;
}

export interface Probes {
  /**
   * Probes a terminal. Concurrent callers share one probe and its outcome. Resolves within 2.5 seconds; rejects when
   * the database cannot be reached.
   */
  ask(origin: TerminalKey): Promise<Answered>;
  answered(origin: TerminalKey, probeId: string): Promise<void>;
  workers: Worker[];
}

interface ProbeDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  carrier: ProbeCarrier;
  mailboxes: WaitingTerminals;
}

/** A probe waits so long for its answer, and so long no other is created for the terminal. */
const patienceMs = 2_500;
const lookEveryMs = 200;
const forgetAfterMs = 5 * minuteMs;
const forgetEveryMs = minuteMs;

/**
 * Probes of terminals. Each probe is a row: so it reaches the server that has the terminal's connection, and its answer
 * reaches the server that waits. Within one server both happen without the database.
 */
export function createProbes(deps: ProbeDeps): Probes {
  const { db, clock, carrier } = deps;
  const waiting = new WaitingProbes();
  return {
    async ask(origin) {
      const now = clock.realNow();
      const here = carrier.hears(origin.terminalId);
      const freeFrom = new Date(now.getTime() - patienceMs);
      const question = { probeId: randomUUID(), now, freeFrom, sentAt: here ? now : null };
      const { row, ours } = await createOrJoinProbe(db, origin, question);
      const restMs = Math.min(patienceMs, row.created_at.getTime() + patienceMs - now.getTime());
      const answer = waiting.answerTo(row, restMs);
      if (ours && here) await send(deps, row);
      return answer;
    },

    async answered(origin, probeId) {
      const row = await inTurn(db, origin.accountId, () => noteAnswer(db, origin, probeId, clock.realNow()));
      if (row) waiting.learn([row]);
    },

    workers: [
      probeWorker(deps, waiting),
      every("presence.forget_probes", forgetEveryMs, () =>
        forgetProbes(db, new Date(clock.realNow().getTime() - forgetAfterMs)),
      ),
    ],
  };
}

/**
 * Sends probes that other servers created for terminals connected here, and reads answers that other servers received.
 */
function probeWorker(deps: ProbeDeps, waiting: WaitingProbes): Worker {
  const { db, clock } = deps;
  const look = async () => {
    for (const row of await findUnansweredProbes(db, new Date(clock.realNow().getTime() - patienceMs))) {
      if (await isToBeSent(deps, row)) void send(deps, row);
    }
    const asked = waiting.rows();
    if (asked.length > 0) waiting.learn(await findProbes(db, asked));
  };
  return every("presence.probes", lookEveryMs, look, { backWithinMs: lookEveryMs, end: () => waiting.end() });
}

/**
 * Whether this server has to send the probe: it is the first with a connection to the terminal, or the terminal polls
 * here.
 */
async function isToBeSent({ db, clock, carrier, mailboxes }: ProbeDeps, row: ProbeRow): Promise<boolean> {
  if (!row.sent_at && carrier.hears(row.terminal_id) && (await noteSent(db, row, clock.realNow()))) return true;
  return mailboxes.lacks(row.terminal_id, "probe", row.probe_id);
}

async function send({ db, clock, log, carrier }: ProbeDeps, { account_id, terminal_id, probe_id }: ProbeRow) {
  try {
    const address = await addressOf(db.sql, { accountId: account_id, terminalId: terminal_id });
    if (address === undefined) return;
    await carrier.publish(address, "probe", { probe_id, sent_at: preciseTime(clock.now()) });
  } catch (error) {
    log.warn({ err: error, terminal_id }, "a probe could not be sent");
  }
}
