import { type Clock, timestamp } from "../clock.ts";
import type { ForeignCommand } from "../talk/wire.ts";
import type { Operation } from "./operation.ts";
import type { Stage } from "./stages.ts";

/** An operation that is being dealt with: what memory knows of it and the journal does not. */
export interface Task {
  readonly id: string;
  stage: Exclude<Stage, "unknown" | "answered">;
  /** Aborted by its cancellation; while it waits also when the agent stops. */
  readonly ending: AbortController;
  /** Asked when a cancellation comes while the handler runs. */
  cancellable?: () => boolean;
  /** Says that it is begun, unless that was said. */
  sayStarted?: () => void;
  /** When the first copy of its command came, RFC 3339; missing while there was none. */
  receivedAt?: string;
}

/** A task with its command: one that can be begun. */
export interface CommandTask extends Task {
  readonly command: ForeignCommand;
  /** The command as this version understands it, if it does. */
  readonly operation: Operation | undefined;
  /** The server's time in the command, and the monotonic instant when it came: both in milliseconds. */
  readonly seen: { serverTime: number; monotonic: number };
  /** As which device this one heard it. */
  readonly address: string | undefined;
  receivedAt: string;
  /** The server was told that the command is here. */
  saidDelivered: boolean;
}

export function newTask(id: string, stage: Task["stage"]): Task {
  return { id, stage, ending: new AbortController() };
}

export function newCommandTask(
  command: ForeignCommand,
  operation: Operation | undefined,
  { clock, address }: { clock: Clock; address: string | undefined },
): CommandTask {
  return {
    ...newTask(command.operation_id, "waiting"),
    command,
    operation,
    seen: { serverTime: Date.parse(command.sent_at), monotonic: clock.monotonic() },
    address,
    receivedAt: timestamp(clock.now()),
    saidDelivered: false,
  };
}
