import type { Operation } from "@tillkeeper/contract/http/operations";
import type { OperationName } from "@tillkeeper/contract/operations";

/** All instants are milliseconds since the Unix epoch, by the one clock of the machine that everything runs on. */
export type Instant = number;

export interface Period {
  from: Instant;
  to: Instant;
}

/** What a client wants done, once. Its id travels as `operator_id`, so that every row tells which wish made it. */
export interface Intent {
  id: string;
  accountId: string;
  terminalId: string;
  operation: OperationName;
  /** Sent with an `Idempotency-Key`, the same one each time. Without one it is sent only once. */
  keyed: boolean;
}

/** As much of an operation as the checker looks at. Fields as in the contract. */
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
  /** Of an error. */
  code?: string | undefined;
  retryAfter?: string | undefined;
  operation?: SeenOperation | undefined;
}

/** `unknown`: the connection broke, or nothing came in time; the request may have been carried out or not. */
export type Reply = Answer | { unknown: string };

interface Exchange {
  sentAt: Instant;
  answeredAt: Instant;
  reply: Reply;
}

export interface Creation extends Exchange {
  type: "create";
  intent: Intent;
  /** The intent's key with another body: must be refused once the intent has been accepted. */
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

/** What a handler made of an operation; unique to this execution as far as the operation's result has room for it. */
export interface Outcome {
  status: "COMPLETED" | "FAILED";
  result?: unknown;
  reason?: string;
  error?: { code: string; message: string };
}

/**
 * A line that a terminal has written: `began` before it does anything, `ended` before it reports anything, `held` when the
 * server has said that it holds the result of a close.
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

/** What a terminal's journal held at the end, in the order of its numbers. */
export interface Journal {
  terminalId: string;
  entries: JournalEntry[];
}

/** Everything that is known about a run. */
export interface History {
  client: ClientEvent[];
  agents: AgentLine[];
  journals: Journal[];
  /** What the database held at the end, with every part of the system well again. */
  rows: SeenOperation[];
  rowsReadAt: Instant;
  /** When at least one server was up and had the database; in order, without overlaps. */
  uptime: Period[];
  /** The database went back: what was committed in such a time may be gone. In order. */
  lost: Period[];
  /** Terminals that the database held more than one PENDING operation for, whenever it was asked. */
  doubles: { at: Instant; terminalId: string; pending: number }[];
}

/** A broken promise. */
export interface Violation {
  /** Which promise; see docs/reliability.md. */
  promise: Promised;
  text: string;
  operationId?: string | undefined;
}

/** Every promise that is checked, in the words of the report. */
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
  documented_answers: "every answer was one of the documented ones, with what belongs to it",
} as const;
export type Promised = keyof typeof promises;
