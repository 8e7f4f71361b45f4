import { repeatable } from "@tillkeeper/contract/operations";
import type { Command, Message } from "../operations/commands.ts";
import type { Origins } from "../operations/reports/origin.ts";
import type { Reports } from "../operations/reports/reports.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { preciseTime } from "../platform/timestamps.ts";
import type { Traces } from "../platform/tracing/traces.ts";
import type { DeviceTransport } from "./carriers/transport.ts";
import type { TransferOf } from "./transfers.ts";

export interface SendDeps {
  clock: Clock;
  log: Logger;
  transport: DeviceTransport;
  reports: Pick<Reports, "dispatched">;
  transferOf: TransferOf;
  origins: Pick<Origins, "of">;
  traces?: Traces | undefined;
}

/** A terminal that has not reported `started` by then gets the command again; an agent never begins a command twice. */
const repeatAfterMs = 10_000;
/** Less than the time after which the outbox sends an accepted command. */
const announceWithinMs = 1_500;

/** When a message that brought no answer is to be sent again. */
export function nextRepeatAt(now: Date): Date {
  return new Date(now.getTime() + repeatAfterMs);
}

/**
 * Sends a message about a live operation. Returns at once: the sending goes on in the background, and a failure is only
 * logged.
 */
export function sendMessage(deps: SendDeps, message: Message): void {
  void send(deps, message);
}

async function send(deps: SendDeps, { kind, command }: Message): Promise<void> {
  const { accountId, operationId, terminalId } = command;
  const span = deps.traces?.child(command.traceparent, {
    name: `send ${kind}`,
    kind: "producer",
    facts: { operation_id: operationId, account_id: accountId, terminal_id: terminalId },
  });
  try {
    await sending[kind](deps, command);
  } catch (error) {
    span?.end({ error: "not sent" });
    deps.log.warn({ err: error, operation_id: operationId, kind }, "a message could not be sent");
    return;
  }
  span?.end();
  if (kind === "command") deps.reports.dispatched({ accountId, id: operationId, terminalId });
}

const sending = {
  command: async ({ transport, clock, transferOf, origins }: SendDeps, command: Command) => {
    const transfer = await transferOf(command);
    const message = {
      operation_id: command.operationId,
      operation: command.operation,
      parameters: command.parameters,
      ...(command.whenBusy && { when_busy: command.whenBusy }),
      created_at: preciseTime(command.createdAt),
      expires_at: preciseTime(command.deadline),
      sent_at: preciseTime(clock.now()),
      ...comparison(command, origins),
      ...(transfer && { transfer }),
    };
    await transport.publish(command.address, "command", message);
  },
  cancel: ({ transport, origins }: SendDeps, command: Command) => {
    const message = {
      operation_id: command.operationId,
      operation: command.operation,
      created_at: preciseTime(command.createdAt),
      expires_at: preciseTime(command.deadline),
      ...comparison(command, origins),
    };
    return transport.publish(command.address, "cancel", message);
  },
} satisfies Record<Message["kind"], unknown>;

/** The fields that a device compares with its log before it begins an operation, or gives it up. */
function comparison(command: Command, origins: Pick<Origins, "of">) {
  return {
    ...(!repeatable[command.operation] && { previous_close: command.previousClose }),
    origin: origins.of(command),
  };
}

/**
 * Makes the function that sends a message right after its commit, instead of at the next look of the outbox. It sends
 * nothing when the terminal is not connected here. If the sending fails the outbox sends again: the claim of the
 * operation is due by itself.
 */
export function createAnnouncer(deps: SendDeps, kind: Message["kind"]): (command: Command) => void {
  return (command) => {
    // After a stall the outbox, of this server or another, may have sent the command already.
    const late = deps.clock.now().getTime() - command.createdAt.getTime() > announceWithinMs;
    if ((kind === "command" && late) || !deps.transport.hears(command.terminalId)) return;
    sendMessage(deps, { kind, command });
  };
}
