import { type Clock, timestamp } from "../clock.ts";
import type { AnyCommand } from "../talk/wire.ts";
import type { Operation } from "./operation.ts";
import type { Stage } from "./stages.ts";

/** The state in memory of an operation that is being dealt with. */
export interface Task {
  readonly id: string;
  stage: Exclude<Stage, "unknown" | "answered">;
  /** Aborted by the operation's cancellation; while it waits, also when the agent stops. */
  readonly ending: AbortController;
  /** Returns whether the running handler can be cancelled; called when a cancellation comes. */
  cancellable?: () => boolean;
  /** Sends `started`; absent once that was sent, and before the handler runs. */
  sendStarted?: () => void;
  /** The time at which the first copy of its command came, RFC 3339; absent before that. */
  receivedAt?: string;
}

/** A task whose command has come, so that it can begin. */
export interface CommandTask extends Task {
  readonly command: AnyCommand;
  /** The command as this version of the agent understands it; undefined when it does not. */
  readonly operation: Operation | undefined;
  /** The server's time in the command, and the monotonic instant when it came: both in milliseconds. */
  readonly seen: { serverTime: number; monotonic: number };
  /** The device address under which the agent received the command. */
  readonly address: string | undefined;
  receivedAt: string;
  /** Whether `delivered` was sent for the command. */
  deliveredSent: boolean;
}

/** Makes a task without a command. */
export function newTask(id: string, stage: Task["stage"]): Task {
  return { id, stage, ending: new AbortController() };
}

/** Makes a waiting task for a command that has just come under `address`. */
export function newCommandTask(
  command: AnyCommand,
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
    deliveredSent: false,
  };
}
