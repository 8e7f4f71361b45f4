/**
 * The stage of an operation at this agent. Up to `answering` it is known from memory, `recovering` and `answered` from
 * the journal:
 *
 *   unknown      no message about it has come yet, or the journal has dropped it
 *   waiting      its command has come and it is not begun: it waits for its turn, the server's time or a payment
 *   beginning    its begun entry is being written to the journal; the handler is not called yet
 *   running      the handler carries it out
 *   recovering   begun before a crash; its outcome is being found out
 *   giving_up    a close that was cancelled before its command came: it waits for the comparison and its turn
 *   answering    its result is being written to the journal
 *   answered     the journal has its result
 */
export type Stage =
  | "unknown"
  | "waiting"
  | "beginning"
  | "running"
  | "recovering"
  | "giving_up"
  | "answering"
  | "answered";

/** The agent's reaction to a command or a cancellation. */
type Reaction =
  | "line_up"
  | "say_delivered"
  | "say_started"
  | "repeat_result"
  /** Write the result FAILED, `cancelled`, and send it. */
  | "never_begin"
  /** Abort the task: the write under way cannot be undone, the check after it sees the cancellation. */
  | "note_cancel"
  | "ask_handler"
  | "refuse"
  /** Do nothing: the result is about to be sent, or the cancellation is being carried out already. */
  | "nothing";

/**
 * The reaction to a command and to a cancellation, by the stage of the operation. Repeated copies count like the first.
 */
export const reactions = {
  unknown: { command: "line_up", cancel: "never_begin" },
  waiting: { command: "say_delivered", cancel: "never_begin" },
  beginning: { command: "say_delivered", cancel: "note_cancel" },
  running: { command: "say_started", cancel: "ask_handler" },
  recovering: { command: "say_started", cancel: "refuse" },
  giving_up: { command: "say_delivered", cancel: "nothing" },
  answering: { command: "nothing", cancel: "nothing" },
  answered: { command: "repeat_result", cancel: "repeat_result" },
} as const satisfies Record<Stage, Record<"command" | "cancel", Reaction>>;
