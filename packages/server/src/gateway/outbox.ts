import type { Db } from "../db/db.ts";
import { anyMessageDue, claimMessages, findSentBefore } from "../operations/commands.ts";
import { every, type Worker } from "../platform/worker.ts";
import type { Mailboxes } from "./carriers/long-poll/mailboxes.ts";
import { nextRepeatAt, type SendDeps, sendMessage } from "./send.ts";

interface OutboxDeps extends SendDeps {
  db: Db;
  /** The mailboxes of terminals that poll this server over HTTPS. */
  mailboxes: Pick<Mailboxes, "waiting" | "lacks">;
}

const claimEveryMs = 500;
const claimBatch = 200;

/**
 * The outbox: sends all messages that are due. These are commands accepted by other servers, commands whose server died
 * before sending, and commands that no terminal has begun yet.
 */
export function outboxWorker(deps: OutboxDeps): Worker {
  const { db, clock, transport } = deps;
  const sendDue = async () => {
    const now = clock.now();
    const idle = !transport.healthy() || !(await anyMessageDue(db.pool, now));
    const terminalIds = idle ? [] : transport.listening();
    const due = { now, nextDueAt: nextRepeatAt(now), limit: claimBatch, terminalIds };
    const messages = terminalIds?.length === 0 ? [] : await claimMessages(db.pool, due);
    // After a stall the claim has fallen due again, and another server may have taken these messages.
    if (clock.now() >= due.nextDueAt) return true;
    for (const message of messages) sendMessage(deps, message);
    await sendToWaiting(deps);
    return messages.length === claimBatch;
  };
  return every("gateway.outbox", claimEveryMs, sendDue, { backWithinMs: claimEveryMs });
}

/**
 * Sends again to terminals that poll this server over HTTPS: no other server can reach them. A command that another
 * server has published to the broker meanwhile did not arrive. Sending any command twice is safe.
 */
async function sendToWaiting(deps: OutboxDeps): Promise<void> {
  const { db, clock, mailboxes } = deps;
  for (const message of await findSentBefore(db.pool, clock.now(), mailboxes.waiting())) {
    const { terminalId, operationId } = message.command;
    if (mailboxes.lacks(terminalId, message.kind, operationId)) sendMessage(deps, message);
  }
}
