/**
 * The stage of an operation at this agent. Up to `answering` it is known from memory, `recovering` and `answered` from
 * the journal:
 *
 *   unknown           no message about it has come yet, or the journal has dropped it
 *   waiting           its command has come and it is not begun: it waits for its turn, the server's time or a payment
 *   beginning         its begun entry is being written to the journal; the handler is not called yet
 *   running           the handler carries it out
 *   recovering        begun before a crash; its outcome is being found out
 *   cancelling_close  a close that was cancelled before its command came: it waits for the comparison and its turn
 *   answering         its result is being written to the journal
 *   answered          the journal has its result
 */
export type Stage =
  | "unknown"
  | "waiting"
  | "beginning"
  | "running"
  | "recovering"
  | "cancelling_close"
  | "answering"
  | "answered";

/** The agent's reaction to a command or a cancellation. */
type Reaction =
  | "enqueue"
  | "send_delivered"
  | "send_started"
  | "repeat_result"
  /** Write the result FAILED, `cancelled`, and send it. */
  | "answer_cancelled"
  /** Abort the task: the write under way cannot be undone, the check after it sees the cancellation. */
  | "abort_task"
  | "ask_handler"
  | "refuse"
  /** Do nothing: the result is about to be sent, or the cancellation is being carried out already. */
  | "nothing";

/**
 * The reaction to a command and to a cancellation, by the stage of the operation. Repeated copies count like the first.
 */
export const reactions = {
  unknown: { command: "enqueue", cancel: "answer_cancelled" },
  waiting: { command: "send_delivered", cancel: "answer_cancelled" },
  beginning: { command: "send_delivered", cancel: "abort_task" },
  running: { command: "send_started", cancel: "ask_handler" },
  recovering: { command: "send_started", cancel: "refuse" },
  cancelling_close: { command: "send_delivered", cancel: "nothing" },
  answering: { command: "nothing", cancel: "nothing" },
  answered: { command: "repeat_result", cancel: "repeat_result" },
} as const satisfies Record<Stage, Record<"command" | "cancel", Reaction>>;
