import { randomUUID } from "node:crypto";
import type { ProbeMessage } from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { every, type Worker } from "../platform/worker.ts";
import { addressOf } from "../terminals/replace-credential.ts";
import {
  askFor,
  findProbes,
  findUnanswered,
  forgetProbes,
  noteAnswer,
  noteSent,
  type ProbeRow,
} from "./probe-queries.ts";
import type { Origin } from "./queries.ts";
import { type Answered, WaitingProbes } from "./waiting-probes.ts";

/** What carries a probe to a terminal; the gateway's transport does. */
interface ProbeCarrier {
  hears(terminalId: string): boolean;
  publish(address: string, channel: "probe", message: ProbeMessage): Promise<void>;
}

/** Who waits at this server over HTTPS, where no broker brings a probe; the gateway's mailboxes know. */
interface WaitingTerminals {
  lacks(terminalId: string, channel: "probe", probeId: string): boolean;
}

export interface Probes {
  /** Asks a terminal whether it is there. Who asks while another asks shares the outcome. Resolves within 2.5 seconds. */
  ask(origin: Origin): Promise<Answered>;
  answered(origin: Origin, probeId: string): Promise<void>;
  workers: Worker[];
}

interface ProbeDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  carrier: () => ProbeCarrier;
  mailboxes: WaitingTerminals;
}

/** A question waits so long for its answer, and so long no other is asked of the terminal. */
const patienceMs = 2_500;
const lookEveryMs = 200;
const forgetAfterMs = 5 * minuteMs;
const forgetEveryMs = minuteMs;

/**
 * Questions to terminals. Each is a row, so that it finds the server that the terminal is connected to, and the answer
 * finds the server where somebody waits for it. Within one server neither has to be looked for.
 */
export function createProbes(deps: ProbeDeps): Probes {
  const { db, clock, carrier } = deps;
  const waiting = new WaitingProbes();
  return {
    async ask(origin) {
      const now = clock.realNow();
      const here = carrier().hears(origin.terminalId);
      const freeFrom = new Date(now.getTime() - patienceMs);
      const question = { probeId: randomUUID(), now, freeFrom, sentAt: here ? now : null };
      const { row, ours } = await askFor(db, origin, question);
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

/** Sends what other servers ask of the terminals of this one, and looks for answers that other servers heard. */
function probeWorker(deps: ProbeDeps, waiting: WaitingProbes): Worker {
  const { db, clock } = deps;
  const look = async () => {
    for (const row of await findUnanswered(db, new Date(clock.realNow().getTime() - patienceMs))) {
      if (await isToBeSent(deps, row)) void send(deps, row);
    }
    const asked = waiting.rows();
    if (asked.length > 0) waiting.learn(await findProbes(db, asked));
  };
  return every("presence.probes", lookEveryMs, look, { backWithinMs: lookEveryMs, end: () => waiting.end() });
}

/** Each question is sent by one server, and by that at which the terminal waits. */
async function isToBeSent({ db, clock, carrier, mailboxes }: ProbeDeps, row: ProbeRow): Promise<boolean> {
  if (!row.sent_at && carrier().hears(row.terminal_id) && (await noteSent(db, row, clock.realNow()))) return true;
  return mailboxes.lacks(row.terminal_id, "probe", row.probe_id);
}

async function send({ db, clock, log, carrier }: ProbeDeps, { account_id, terminal_id, probe_id }: ProbeRow) {
  try {
    const address = await addressOf(db.sql, { accountId: account_id, terminalId: terminal_id });
    if (address === undefined) return;
    await carrier().publish(address, "probe", { probe_id, sent_at: preciseTime(clock.now()) });
  } catch (error) {
    log.warn({ err: error, terminal_id }, "a probe could not be sent");
  }
}
