import { type Static, Type } from "typebox";
import { ClosingReason, ClosingState, ClosingStepName, ClosingTerminalState } from "../closings/states.ts";
import { OperationReason } from "../operation-reasons.ts";
import { EndOfDayResult, endOfDayFigures, OperationStatus, WhenBusy } from "../operations.ts";
import { Time, Uuid } from "../scalars.ts";
import { OpenBatch } from "../telemetry.ts";
import { actorName } from "./actor-names.ts";

/** Closings over HTTP (D31). */
export const BusinessDay = Type.String({
  format: "date",
  description: "YYYY-MM-DD: the date on which the day began at the store.",
  examples: ["2026-06-29"],
});

const Count = Type.Integer({ minimum: 0 });
const { purchases_count, purchases_amount, reversals_count, reversals_amount, sale_amount, tip_amount, currency } =
  endOfDayFigures;

/** The figures of closes that are added up, in one currency. */
export const closingFigures = {
  purchases_count: Type.Optional(purchases_count),
  purchases_amount: Type.Optional(purchases_amount),
  reversals_count: Type.Optional(reversals_count),
  reversals_amount: Type.Optional(reversals_amount),
  sale_amount: Type.Optional(sale_amount),
  tip_amount: Type.Optional(tip_amount),
};
export type ClosingFigure = keyof typeof closingFigures;
export const closingFigureNames = Object.keys(closingFigures) as ClosingFigure[];
const FigureName = Type.Enum(closingFigureNames);

/** The till's own figures of the day, in one currency. */
export const ExpectedTotals = Type.Object({ currency, ...closingFigures }, { additionalProperties: false });
export type ExpectedTotals = Static<typeof ExpectedTotals>;

/** What all closes of the business day add up to, in one currency. */
export const ClosingTotals = Type.Object({
  currency,
  exponent: Type.Integer({ description: "Digits behind the decimal point of the currency (ISO 4217)." }),
  batches_count: Type.Integer({ minimum: 1, description: "So many batches of the day have figures in this currency." }),
  ...closingFigures,
  incomplete: Type.Optional(
    Type.Array(FigureName, {
      description:
        "Figures that at least one of the batches does not tell: the sum is of the others, and absent if none does.",
    }),
  ),
});
export type ClosingTotals = Static<typeof ClosingTotals>;

const Difference = Type.Object({
  currency,
  figure: FigureName,
  expected: Type.Integer(),
  actual: Type.Optional(Type.Integer({ description: "Absent: no batch tells it." })),
  difference: Type.Optional(Type.Integer({ description: "`actual` − `expected`." })),
});
export type Difference = Static<typeof Difference>;

/** The till's figures beside those of the terminals. */
export const Comparison = Type.Object({
  state: Type.Enum(["agrees", "differs", "undecided"], {
    description: "undecided: a terminal is still to be closed, or a batch does not tell a figure that was sent.",
  }),
  differences: Type.Array(Difference),
});
export type Comparison = Static<typeof Comparison>;

const ofBatch = "What the device told of its open batch.";
/** Without the time when it was last told, which would change the closing each minute although nothing happens. */
const BatchOfTerminal = Type.Object(
  {
    ...OpenBatch.properties,
    since: Type.String({ format: "date-time", description: "Since when the device has told the same." }),
  },
  { description: ofBatch },
);

/** An `end_of_day` of a terminal, as a closing shows it. */
const CloseOfTerminal = Type.Object({
  id: Uuid,
  status: OperationStatus,
  created_at: Time,
  created_by: Type.String(),
  created_by_name: actorName,
  reason: Type.Optional(OperationReason),
  late: Type.Optional(Type.Literal(true, { description: "What counts is its `late_result`." })),
  result: Type.Optional(EndOfDayResult),
});

/** What to do about a terminal. */
const stepFields = {
  retryable: Type.Optional(
    Type.Boolean({ description: "Whether a program may close the store once more because of this terminal." }),
  ),
  next_step: Type.Optional(ClosingStepName),
  next_step_text: Type.Optional(Type.String({ description: "The same as a sentence for a person." })),
};

/** Where a terminal stands in a closing. */
export const ClosingTerminal = Type.Object({
  terminal_id: Type.String(),
  state: ClosingTerminalState,
  reason: Type.Optional(ClosingReason),
  ...stepFields,
  open_again: Type.Optional(
    Type.Literal(true, { description: "It was closed, or had nothing to close, and sold since." }),
  ),
  close: Type.Optional({ ...CloseOfTerminal, description: "The close that decides." }),
  operations: Type.Array(Uuid, { description: "Every `end_of_day` that this closing sent it, oldest first." }),
  open_batch: Type.Optional(BatchOfTerminal),
  former_open_batch: Type.Optional({
    ...BatchOfTerminal,
    description: "What the device before told last; it was replaced, and no close of its batch is known.",
  }),
});
export type ClosingTerminal = Static<typeof ClosingTerminal>;

const stateCounts = {
  closed: Count,
  already_closed: Count,
  waiting: Count,
  failed: Count,
  unknown: Count,
  not_needed: Count,
};

const head = {
  id: Uuid,
  account_id: Type.String(),
  store_id: Type.String({ examples: ["S312"] }),
  business_day: BusinessDay,
  day_starts_at: Time,
  day_ends_at: Time,
  time_zone: Type.String({ examples: ["Europe/Oslo"] }),
  state: ClosingState,
  text: Type.String({ description: "How it stands, as a sentence for a person." }),
  counts: Type.Object(stateCounts, { description: "Terminals by state." }),
  totals: Type.Array(ClosingTotals, {
    description: "All batches that were closed on the business day, by currency; currencies are never added.",
  }),
  batches_without_totals: Type.Optional(
    Type.Integer({ minimum: 1, description: "So many batches of the day tell no currency." }),
  ),
  created_at: Time,
  created_by: Type.String(),
  created_by_name: actorName,
  asked_at: Type.String({ format: "date-time", description: "When it was last asked for." }),
  retry_until: Type.String({ format: "date-time", description: "Until then the server tries by itself." }),
  when_busy: Type.Optional(WhenBusy),
  ended_at: Type.Optional(
    Type.String({ format: "date-time", description: "When no terminal was waiting any longer." }),
  ),
  corrected_at: Type.Optional(
    Type.String({ format: "date-time", description: "When a result came that changed what was shown after the end." }),
  ),
  cancelled_at: Type.Optional(Time),
  cancelled_by: Type.Optional(Type.String()),
};

/** The close of one business day of one store. */
export const Closing = Type.Object({
  ...head,
  terminals: Type.Array(ClosingTerminal),
  expected: Type.Optional(Type.Array(ExpectedTotals)),
  comparison: Type.Optional(Comparison),
  also_open: Type.Optional(
    Type.Array(
      Type.Object({
        business_day: BusinessDay,
        terminals: Type.Array(Type.String()),
      }),
      { description: "Other business days in which open batches of the store's terminals began." },
    ),
  ),
});
export type Closing = Static<typeof Closing>;

/** A closing in a list, without its terminals. */
export const ClosingSummary = Type.Object(head);
export type ClosingSummary = Static<typeof ClosingSummary>;

/** The preview of a closing: the open batches, and what a closing would do with them. */
export const ClosingPreview = Type.Object({
  store_id: Type.String({ examples: ["S312"] }),
  business_day: BusinessDay,
  day_starts_at: Time,
  day_ends_at: Time,
  time_zone: Type.String({ examples: ["Europe/Oslo"] }),
  at: Time,
  text: Type.String({ description: "What a closing would do, as a sentence for a person." }),
  open: Type.Array(
    Type.Object({
      currency,
      exponent: Type.Integer(),
      ...closingFigures,
      incomplete: Type.Optional(Type.Array(FigureName)),
    }),
    { description: "What open batches add up to, by currency, as far as terminals tell." },
  ),
  transactions_count: Type.Integer({
    minimum: 0,
    description: "Transactions in open batches, as far as terminals tell.",
  }),
  oldest_at: Type.Optional(Type.String({ format: "date-time", description: "The oldest of these transactions." })),
  silent_count: Type.Integer({ minimum: 0, description: "So many terminals do not tell their open batch." }),
  terminals: Type.Array(
    Type.Object({
      terminal_id: Type.String(),
      would: Type.Enum(["close", "wait", "leave", "ask"], {
        description:
          "close: send it an `end_of_day`. wait: until it can be closed. leave: it is closed, or has nothing to close. ask: a person, " +
          "as `next_step` says.",
      }),
      reason: Type.Optional(ClosingReason),
      ...stepFields,
      open_batch: Type.Optional(
        Type.Object(
          {
            ...BatchOfTerminal.properties,
            at: Type.String({
              format: "date-time",
              description: "When the device last told it, or up to a minute before that.",
            }),
          },
          { description: ofBatch },
        ),
      ),
    }),
  ),
  closing_id: Type.Optional({ ...Uuid, description: "The closing of this business day, if there is one." }),
  also_open: Closing.properties.also_open,
});
export type ClosingPreview = Static<typeof ClosingPreview>;
