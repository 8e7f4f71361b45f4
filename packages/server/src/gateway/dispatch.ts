import type { Db } from "../db/db.ts";
import { type Command, claimCommands } from "../operations/commands.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { pause, type Worker } from "../platform/worker.ts";
import type { DeviceTransport } from "./transport.ts";

interface DispatchDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  transport: () => DeviceTransport;
}

const claimEveryMs = 500;
const claimBatch = 200;
/** A terminal that has not said `started` by then gets the command again; it never begins one twice. */
const repeatAfterMs = 10_000;

export async function sendCommand(transport: DeviceTransport, clock: Clock, command: Command): Promise<void> {
  await transport.publish(command.terminalId, "command", {
    operation_id: command.operationId,
    operation: command.operation,
    parameters: command.parameters,
    created_at: preciseTime(command.createdAt),
    expires_at: preciseTime(command.deadline),
    sent_at: preciseTime(clock.now()),
  });
}

/**
 * Sends a command that was just accepted, if its terminal is in reach. Should that fail, the outbox row is still there and
 * falls due by itself.
 */
export function announcer({ clock, log, transport }: Omit<DispatchDeps, "db">): (command: Command) => void {
  return (command) => {
    if (!transport().hears(command.terminalId)) return;
    sendCommand(transport(), clock, command).catch((error: unknown) => warn(log, error, command));
  };
}

/**
 * Sends what the outbox holds: commands accepted by other servers, those whose process died before sending, and those no
 * terminal has begun yet. Nobody's sending is waited for: a terminal that does not read would hold up the others.
 */
export function outboxWorker({ db, clock, log, transport }: DispatchDeps): Worker {
  return {
    name: "gateway.outbox",
    async run(signal) {
      while (!signal.aborted) {
        const now = clock.now();
        const nextDueAt = new Date(now.getTime() + repeatAfterMs);
        const terminalIds = transport().listening();
        const idle = terminalIds?.length === 0 || !transport().healthy();
        const commands = idle ? [] : await claimCommands(db.pool, { now, nextDueAt, limit: claimBatch, terminalIds });
        for (const command of commands) {
          sendCommand(transport(), clock, command).catch((error: unknown) => warn(log, error, command));
        }
        if (commands.length < claimBatch) await pause(claimEveryMs, signal);
      }
    },
  };
}

function warn(log: Logger, error: unknown, { operationId }: Command): void {
  log.warn({ err: error, operation_id: operationId }, "a command could not be sent at once");
}
