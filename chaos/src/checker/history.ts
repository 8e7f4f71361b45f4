import type { EventType } from "@tillkeeper/contract/events";
import type { Operation } from "@tillkeeper/contract/http/operations";
import type { OperationName } from "@tillkeeper/contract/operations";

/** Milliseconds since the Unix epoch, by the clock of the machine that runs all processes. */
export type Instant = number;

export interface Period {
  from: Instant;
  to: Instant;
}

/** One operation that a client wants. Its id is sent as `operator_id`, so that every row names its intent. */
export interface Intent {
  id: string;
  accountId: string;
  terminalId: string;
  operation: OperationName;
  /** Whether the request carries an `Idempotency-Key`, equal in all repetitions. Without a key it is sent only once. */
  keyed: boolean;
}

/** The fields of an operation that the checker reads, as in the contract. */
export type SeenOperation = Pick<
  Operation,
  "id" | "terminal_id" | "operation" | "status" | "created_by" | "updated_at" | "deadline"
> &
  Partial<
    Pick<Operation, "account_id" | "parameters" | "result" | "reason" | "error" | "late_result" | "recovered">
  > & {
    phases?: Pick<Operation["phases"], "accepted" | "answered">;
  };

export interface Answer {
  status: number;
  /** Error code of the body. */
  code?: string | undefined;
  retryAfter?: string | undefined;
  operation?: SeenOperation | undefined;
}

/** `unknown`: the connection broke or no answer came in time, so the server may have carried the request out or not. */
export type Reply = Answer | { unknown: string };

interface Exchange {
  sentAt: Instant;
  answeredAt: Instant;
  reply: Reply;
}

export interface Creation extends Exchange {
  type: "create";
  intent: Intent;
  /** The request has the intent's key and another body; the server must refuse it once the intent was accepted. */
  otherBody: boolean;
}

export interface Look extends Exchange {
  type: "look";
  operationId: string;
}

export interface Cancellation extends Exchange {
  type: "cancel";
  operationId: string;
}

export type ClientEvent = Creation | Look | Cancellation;

/** Outcome of an execution; unique as far as the operation's result has room for it. */
export interface Outcome {
  status: "COMPLETED" | "FAILED";
  result?: unknown;
  reason?: string;
  error?: { code: string; message: string };
}

/**
 * A line that a terminal has written. It writes `began` before it executes, `ended` before it reports the outcome, and
 * `held` at the server's receipt for the result of a close.
 */
export type AgentLine = { terminalId: string; operationId: string; at: Instant } & (
  | { type: "began"; operation: OperationName; wish: string | undefined }
  | { type: "ended"; outcome: Outcome }
  | { type: "held" }
);
export type Line<Type extends AgentLine["type"]> = Extract<AgentLine, { type: Type }>;

/** A result in the journal of a terminal, as the device protocol names its fields. */
export interface JournalEntry extends Outcome {
  operation_id: string;
  operation: string;
  unknown_end?: true;
  repeats?: string;
}

/** A terminal's journal at the end of the run, ordered by number. */
export interface Journal {
  terminalId: string;
  entries: JournalEntry[];
}

/** What a reader of a stream was told. */
export type StreamLine = { at: Instant; id: string } & (
  | { type: "event"; event: EventType; subject: string }
  | { type: "reset" }
);

/** Everything that the reader of one account's stream was told, in its order, over all of its connections. */
export interface SeenStream {
  accountId: string;
  lines: StreamLine[];
}

/** An event of the database at the end, in the order of its account. */
export interface KeptEvent {
  accountId: string;
  id: string;
  type: EventType;
  cause: string;
  subject: string;
}

/** An event that the receiver of an account's webhook has taken. */
export interface ReceivedEvent {
  accountId: string;
  id: string;
  at: Instant;
  /** Whether its signature fits. */
  signed: boolean;
}

/** All records of a run, as the checker reads them. */
export interface History {
  client: ClientEvent[];
  agents: AgentLine[];
  journals: Journal[];
  /** Operations in the database at the end, when all parts of the system work again. */
  rows: SeenOperation[];
  rowsReadAt: Instant;
  events: KeptEvent[];
  streams: readonly SeenStream[];
  received: readonly ReceivedEvent[];
  /** Accounts with a webhook for all events behind a position. */
  subscribed: ReadonlyMap<string, number>;
  /** Periods in which at least one server was up and had the database; in order, without overlaps. */
  uptime: Period[];
  /** Lost periods: the database went back, and commits of these periods may be gone. In order. */
  lost: Period[];
  /** Samples in which the database held more than one PENDING operation of a terminal. */
  doubles: { at: Instant; terminalId: string; pending: number }[];
}

/** A promise that the run broke. */
export interface Violation {
  /** The broken promise; see docs/reliability.md. */
  promise: Promised;
  text: string;
  operationId?: string | undefined;
}

/** All promises that are checked, by name, with their texts for the report. */
export const promises = {
  accepted_exists: "every accepted operation exists, as it was accepted, unless only lost seconds knew of it",
  one_operation_per_request:
    "a request made one operation, however often it was repeated with its key; another only if the first was lost",
  refused_made_nothing: "a refused request made nothing, and nothing exists that nobody asked for",
  executed_once: "no terminal executed an operation twice, or one that does not exist",
  begun_in_time: "no terminal began an operation after its deadline",
  one_pending: "a terminal never had two PENDING operations",
  ended_in_time: "every operation ended by its deadline + 1 s of server uptime",
  very_result: "every COMPLETED, and every FAILED by the terminal, has that terminal's very answer",
  no_answer_lost: "what a terminal did is in the database, as its result or late_result",
  journal_kept: "everything that a terminal's journal holds is in the database",
  cancelled_not_done: "an end_of_day ended as cancelled only by the word of its terminal, which never began it",
  closed_knowingly: "no terminal closed a day that was closed without the server's knowing when it accepted",
  one_close_per_request: "no request began two closes, whatever was lost between",
  out_of_step_for_a_reason: "out_of_step came only where a close was unknown when the operation was accepted",
  end_is_final: "what a client saw ended stayed as it was",
  changes_have_events:
    "every operation in the database has the events of its acceptance, its end and its late result, once each",
  positions_without_gap: "the events of an account are numbered 1, 2, 3 … at the end",
  streams_are_whole:
    "a stream never told an id twice, never skipped one, and at the end had told every event that is kept",
  reset_for_a_reason: "a reader was told to read anew only after the database had gone back",
  webhooks_come: "every event that is kept came to its receiver, signed",
  documented_answers: "every answer was one of the documented ones, with what belongs to it",
} as const;
export type Promised = keyof typeof promises;
