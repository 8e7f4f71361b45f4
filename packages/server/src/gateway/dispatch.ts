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

/** Sends a command that was just accepted. Should that fail, the outbox row is still there and the worker sends it. */
export function announcer({ clock, log, transport }: DispatchDeps): (command: Command) => void {
  return (command) => {
    sendCommand(transport(), clock, command).catch((error: unknown) => {
      log.warn({ err: error, operation_id: command.operationId }, "a command could not be sent at once");
    });
  };
}

/** Sends what the outbox holds: commands whose process died before sending, and those no terminal has begun yet. */
export function outboxWorker({ db, clock, transport }: DispatchDeps): Worker {
  return {
    name: "gateway.outbox",
    async run(signal) {
      while (!signal.aborted) {
        const now = clock.now();
        const commands = await claimCommands(db.pool, now, new Date(now.getTime() + repeatAfterMs), claimBatch);
        for (const command of commands) await sendCommand(transport(), clock, command);
        if (commands.length < claimBatch) await pause(claimEveryMs, signal);
      }
    },
  };
}
