import type { Db } from "../db/db.ts";
import { type Command, claimCommands } from "../operations/commands.ts";
import type { Clock } from "../platform/clock.ts";
import { gather } from "../platform/gather.ts";
import type { Logger } from "../platform/log.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { hastenCommands } from "./sql/hasten-commands.ts";
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
 * Sends a command that was just accepted, or, when its terminal is connected to another server's broker if at all, makes
 * it due for whoever has the terminal. Should that fail, the outbox row is still there and falls due by itself.
 */
export function announcer({ db, clock, log, transport }: DispatchDeps): (command: Command) => void {
  const hasten = gather<Command, void>({
    slots: 1,
    maxBatch: 256,
    maxQueue: 5_000,
    overload: () => new Error("too many commands are waiting"),
    run: async (commands) => {
      await hastenCommands(db.pool, clock.now(), commands);
      return commands.map(() => undefined);
    },
  });
  return (command) => {
    const sent = transport().hears(command.terminalId) ? sendCommand(transport(), clock, command) : hasten(command);
    sent.catch((error: unknown) => warn(log, error, command));
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
