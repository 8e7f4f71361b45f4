import { type Static, type TObject, Type } from "typebox";
import { minorUnitRule } from "./currencies.ts";
import { nameOf } from "./names.ts";
import { Time } from "./scalars.ts";
import type { TerminalStatus } from "./terminal-status.ts";
import { FaultCode, FreeText, Identifier } from "./texts.ts";

/**
 * The names and rules of terminal operations that HTTP, MQTT and events share.
 * Sources: the public guide on terminal operations; decisions D14-D19 of the project's domain page.
 */
export const operationStatuses = ["PENDING", "COMPLETED", "FAILED", "TIMEOUT"] as const;
export const OperationStatus = Type.Enum(operationStatuses, {
  description:
    "PENDING: dispatched, no answer yet. COMPLETED: the terminal did it. FAILED: the terminal answered with a failure. " +
    "TIMEOUT: no answer within the window; a new operation may be sent.",
});
export type OperationStatus = (typeof operationStatuses)[number];

/** Which states an operation may move to. A state without moves is final. */
export const operationMoves = {
  PENDING: ["COMPLETED", "FAILED", "TIMEOUT"],
  COMPLETED: [],
  FAILED: [],
  TIMEOUT: [],
} as const satisfies Record<OperationStatus, readonly OperationStatus[]>;

/** The phases of an operation (D17), in order; some may be skipped. */
export const operationPhases = ["accepted", "dispatched", "delivered", "started", "answered"] as const;
export const OperationPhase = Type.Enum(operationPhases, {
  description:
    "accepted: stored. dispatched: sent towards the terminal. delivered: the terminal has it. started: the terminal has begun " +
    "it. answered: the terminal has sent its result.",
});
export type OperationPhase = (typeof operationPhases)[number];

/** What a terminal does with a command during a payment: answer `busy_payment`, or wait within the window. */
export const WhenBusy = Type.Enum(["fail", "wait"], {
  description:
    "What the terminal does during a payment: `fail` with `busy_payment` at once, or `wait` for its end, within the window.",
});
export type WhenBusy = Static<typeof WhenBusy>;

export const OperationParameters = Type.Object(
  {
    operator_id: Type.Optional(
      nameOf({ maxLength: 64, description: "Who asked for it, by the point of sale's own id." }),
    ),
  },
  { additionalProperties: false },
);
export type OperationParameters = Static<typeof OperationParameters>;

const most = Number.MAX_SAFE_INTEGER;
const Count = Type.Integer({ minimum: 0, maximum: most });
const MinorUnits = Type.Integer({
  minimum: -most,
  maximum: most,
  description: "In minor units of `currency`, which says what they are.",
});

/** The figures and times in the result of a close. Each is checked by itself: a wrong one does not spoil the rest (D29). */
export const endOfDayFigures = {
  start_of_day_at: Time,
  last_end_of_day_at: Time,
  purchases_count: Count,
  purchases_amount: MinorUnits,
  reversals_count: Count,
  reversals_amount: MinorUnits,
  sale_amount: MinorUnits,
  tip_amount: MinorUnits,
  currency: Type.String({
    pattern: "^[A-Z]{3}$",
    description: `ISO 4217. Any three letters are kept: terminals may have a new code before servers do. ${minorUnitRule}`,
  }),
} as const;
export type EndOfDayFigure = keyof typeof endOfDayFigures;
export const endOfDayFigureNames = Object.keys(endOfDayFigures) as EndOfDayFigure[];

/** The times of the message that a result comes in. A wrong one is left out as well, and named with the figures. */
export const resultTimes = ["started_at", "finished_at"] as const;
export type ResultTime = (typeof resultTimes)[number];

/** The rules that the figures of a close can break. The server keeps such figures as reported, and names the rule (D29). */
export const inconsistencies = ["sale_amount", "tip_above_purchases", "end_before_start"] as const;
export type Inconsistency = (typeof inconsistencies)[number];

export const EndOfDayResult = Type.Object(
  {
    outcome: Type.Enum(["accepted", "declined", "unconfirmed"], {
      description: "The payment host's answer to the close; `unconfirmed`: the terminal does not know it.",
    }),
    batch_id: Identifier({ maxLength: 64 }),
    ...Type.Partial(Type.Object(endOfDayFigures)).properties,
    invalid_fields: Type.Optional(
      Type.Array(Type.Enum([...endOfDayFigureNames, ...resultTimes]), {
        description:
          "Figures and times that the terminal reported with impossible values; they are left out. started_at, finished_at: those of its " +
          "message; the server's time stands in their place.",
      }),
    ),
    inconsistent: Type.Optional(
      Type.Array(Type.Enum(inconsistencies), {
        description:
          "Rules that the figures break. sale_amount: it is not purchases − tips − reversals. tip_above_purchases: more tips than " +
          "purchases. end_before_start: the day ended before it began.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type EndOfDayResult = Static<typeof EndOfDayResult>;

export const SendLogsResult = Type.Object(
  {
    log_id: Identifier({ maxLength: 64 }),
    size: Type.Integer({ minimum: 0, description: "Bytes." }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  },
  { additionalProperties: false },
);
export type SendLogsResult = Static<typeof SendLogsResult>;

export const CheckUpdateResult = Type.Object(
  {
    current_version: Identifier({ maxLength: 64 }),
    latest_version: Identifier({ maxLength: 64 }),
    update_available: Type.Boolean(),
    configuration_version: Identifier({ maxLength: 64 }),
  },
  { additionalProperties: false },
);
export type CheckUpdateResult = Static<typeof CheckUpdateResult>;

export const OpenMenuResult = Type.Object({ opened: Type.Boolean() }, { additionalProperties: false });
export type OpenMenuResult = Static<typeof OpenMenuResult>;

/** The facts of a close: the fields without which its result is rejected (D29). */
const EndOfDayFacts = Type.Pick(EndOfDayResult, ["outcome", "batch_id"], { additionalProperties: true });

/** Statuses of a terminal that has its configuration. */
const ready = ["ACTIVE", "INACTIVE", "ERROR"] as const;
/** Statuses of a terminal with a paired device, which may have to fetch its configuration first. */
const connected = ["ACTION_REQUIRED", ...ready] as const;

/** One row of the table of operations: all that differs by kind and can be written as data. */
interface OperationKind {
  /** The command in words, for people. */
  title: string;
  /** The same for sentences: what a terminal is asked to do, that as a thing, and what it did. */
  words: { todo: string; noun: string; done: string };
  /** Seconds that a terminal has to answer, unless the request names another `timeout` (D16). */
  windowSeconds: number;
  /**
   * Whether two devices may carry the operation out without harm. An operation that is not repeatable belongs to the address
   * that the terminal had at acceptance, and is never sent to another. It counts as sent from acceptance on, so only the
   * device at that address can cancel it.
   */
  repeatable: boolean;
  /** The last part of the URL for the operation's files, which go over HTTPS; null for an operation without files. */
  transfer: string | null;
  /** The statuses in which a terminal accepts it (D18). */
  acceptedIn: readonly Exclude<TerminalStatus, "PENDING" | "DELETED">[];
  /** The shape of `result`. */
  result: TObject;
  /** The part of a result that has to be valid; without it the server rejects the message. */
  facts: TObject;
  /** Fields of the result that the server adds, and that no device sends. */
  added: readonly string[];
  /** An example of a result; a test checks it against the schema. */
  example: object;
}

/** The table of operations, a row for each kind. CONTRIBUTING.md says what else a new kind takes. */
export const operationKinds = {
  end_of_day: {
    title: "Close its day",
    words: { todo: "close the day", noun: "close of the day", done: "closed the day" },
    windowSeconds: 180,
    repeatable: false,
    transfer: null,
    acceptedIn: ready,
    result: EndOfDayResult,
    facts: EndOfDayFacts,
    added: ["invalid_fields", "inconsistent"],
    example: {
      outcome: "accepted",
      batch_id: "118",
      start_of_day_at: "2026-06-28T20:31:02Z",
      purchases_count: 31,
      purchases_amount: 1_204_550,
      reversals_count: 1,
      reversals_amount: 14_900,
      sale_amount: 1_189_650,
      tip_amount: 0,
      currency: "NOK",
    },
  },
  send_logs: {
    title: "Have it upload its logs",
    words: { todo: "send its logs", noun: "sending of logs", done: "sent its logs" },
    windowSeconds: 120,
    repeatable: true,
    transfer: "logs",
    acceptedIn: connected,
    result: SendLogsResult,
    facts: SendLogsResult,
    added: [],
    example: {
      log_id: "L7QK2M",
      size: 48_213,
      sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
  },
  check_update: {
    title: "Have it look for an update",
    words: { todo: "check for an update", noun: "check for an update", done: "checked for an update" },
    windowSeconds: 60,
    repeatable: true,
    transfer: "update",
    acceptedIn: connected,
    result: CheckUpdateResult,
    facts: CheckUpdateResult,
    added: [],
    example: {
      current_version: "7.2.4",
      latest_version: "7.3.0",
      update_available: true,
      configuration_version: "12",
    },
  },
  open_menu: {
    title: "Open its menu",
    words: { todo: "open its menu", noun: "opening of the menu", done: "opened its menu" },
    windowSeconds: 15,
    repeatable: true,
    transfer: null,
    acceptedIn: connected,
    result: OpenMenuResult,
    facts: OpenMenuResult,
    added: [],
    example: { opened: true },
  },
} as const satisfies Record<string, OperationKind>;

export type OperationName = keyof typeof operationKinds;
export const operationNames = Object.keys(operationKinds) as readonly OperationName[];
export const OperationName = Type.Enum([...operationNames], { description: "The administrative command." });

/** One column of the table of operations, by name of the operation. */
function byName<Column extends keyof OperationKind>(column: Column) {
  return Object.fromEntries(operationNames.map((name) => [name, operationKinds[name][column]])) as {
    readonly [Name in OperationName]: (typeof operationKinds)[Name][Column];
  };
}
export const defaultTimeoutSeconds = byName("windowSeconds");
export const repeatable = byName("repeatable");
export const operationResults = byName("result");
export const operationWords = byName("words");
export type OperationResults = { [Name in OperationName]: Static<(typeof operationKinds)[Name]["result"]> };

/** The operations that a terminal accepts in each status. For a DELETED terminal the answer is 404 before this is read. */
export const operationsAllowed: Readonly<Record<TerminalStatus, readonly OperationName[]>> = {
  DELETED: acceptedIn("DELETED"),
  PENDING: acceptedIn("PENDING"),
  ACTION_REQUIRED: acceptedIn("ACTION_REQUIRED"),
  ACTIVE: acceptedIn("ACTIVE"),
  INACTIVE: acceptedIn("INACTIVE"),
  ERROR: acceptedIn("ERROR"),
};

function acceptedIn(status: TerminalStatus): OperationName[] {
  return operationNames.filter((name) => operationKinds[name].acceptedIn.some((known) => known === status));
}

export const OperationError = Type.Object(
  {
    code: FaultCode,
    message: FreeText({ maxLength: 500, description: "For people." }),
  },
  { additionalProperties: false },
);
export type OperationError = Static<typeof OperationError>;
