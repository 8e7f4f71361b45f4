/**
 * Where an operation stands with this agent. Up to `answering` it is known in memory, `recovering` and `answered` from the
 * journal:
 *
 *   unknown      nothing came of it yet, or it was forgotten
 *   waiting      its command is here and it is not begun: others are before it, or the time or a payment holds it back
 *   beginning    the journal is being told that it is begun; the handler is not called yet
 *   running      the handler carries it out
 *   recovering   begun before a crash; what came of it is being found out
 *   giving_up    a close that was cancelled before its command came: waits for the comparison and its turn, to be given up
 *   answering    its result is made and the journal is being told
 *   answered     its result is remembered
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

/** What the agent does about a message that names an operation. */
type Reaction =
  | "line_up"
  | "say_delivered"
  | "say_started"
  | "repeat_result"
  /** Answer FAILED, `cancelled`, and remember that. */
  | "never_begin"
  /** The write cannot be called back: what follows it heeds the cancellation. */
  | "note_cancel"
  | "ask_handler"
  | "refuse"
  /** The result that is about to go out says it all, or what was asked for is being done. */
  | "nothing";

/** What a command or a cancellation means, by the stage of its operation; the first copy and any other alike. */
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
