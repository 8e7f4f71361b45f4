import { type Static, Type } from "typebox";
import { limits } from "./limits.ts";
import { endOfDayFigures } from "./operations.ts";
import { Time } from "./scalars.ts";
import { FaultCode, FreeText, Identifier } from "./texts.ts";

const { currency, purchases_count, purchases_amount, reversals_count, reversals_amount, sale_amount, tip_amount } =
  endOfDayFigures;

/** The figures of an open batch in one currency. They mean what they mean in the result of a close. */
export const openBatchFigures = {
  purchases_count,
  purchases_amount,
  reversals_count,
  reversals_amount,
  sale_amount,
  tip_amount,
} as const;

const OpenBatchCurrency = Type.Object({ currency, ...Type.Partial(Type.Object(openBatchFigures)).properties });
export type OpenBatchCurrency = Static<typeof OpenBatchCurrency>;

/**
 * The batch that a terminal has not closed yet. The count is the fact; a figure or time that is not possible is left out
 * by the server and does not spoil the rest (D29).
 */
export const OpenBatch = Type.Object(
  {
    transactions_count: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "Transactions since the last close; 0: the batch is empty.",
    }),
    oldest_at: Type.Optional(Time),
    currencies: Type.Optional(
      Type.Array(OpenBatchCurrency, {
        maxItems: limits.mqttOpenBatchCurrencies,
        description: "What the next close would report, by currency; no currency twice.",
      }),
    ),
  },
  { description: "Transactions that no close contains yet; left out by devices that cannot say it." },
);
export type OpenBatch = Static<typeof OpenBatch>;

/**
 * What a terminal reports about itself. Each field counts by itself: an absent one has not changed, or is unknown to the
 * terminal, and never clears an earlier value.
 */
export const Telemetry = Type.Object(
  {
    software_version: Type.Optional(Identifier({ minLength: 1, maxLength: 64 })),
    configuration_version: Type.Optional(Identifier({ minLength: 1, maxLength: 64 })),
    battery: Type.Optional(
      Type.Object({
        percent: Type.Integer({ minimum: 0, maximum: 100 }),
        charging: Type.Optional(Type.Boolean()),
      }),
    ),
    link: Type.Optional(
      Type.Object({
        type: Type.Enum(["ethernet", "wifi", "mobile", "other"]),
        signal_percent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
      }),
    ),
    printer: Type.Optional(Type.Enum(["ok", "paper_low", "paper_out", "error", "none"])),
    unsent_batch: Type.Optional(
      Type.Object(
        {
          transactions_count: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
          oldest_at: Type.Optional(Time),
        },
        { description: "Transactions that the device has taken and not yet sent on." },
      ),
    ),
    open_batch: Type.Optional(OpenBatch),
  },
  { additionalProperties: true },
);
export type Telemetry = Static<typeof Telemetry>;

/** The fields of telemetry whose changes are kept as a history. */
export const telemetryHistoryFields = [
  "software_version",
  "configuration_version",
  "battery",
  "link",
  "printer",
  "unsent_batch",
] as const satisfies readonly (keyof Telemetry)[];
export type TelemetryHistoryField = (typeof telemetryHistoryFields)[number];

/**
 * The fields of telemetry that this version stores; it ignores others. Of the open batch only the latest value is kept,
 * because it changes with every sale.
 */
export const telemetryFields = [
  ...telemetryHistoryFields,
  "open_batch",
] as const satisfies readonly (keyof Telemetry)[];
export type TelemetryField = (typeof telemetryFields)[number];

/** A fault that keeps the device from its work: its terminal becomes ERROR until an update or an activation succeeds (D11). */
export const DeviceFault = Type.Object({
  code: FaultCode,
  message: Type.Optional(FreeText({ maxLength: 500, description: "For people." })),
});
export type DeviceFault = Static<typeof DeviceFault>;
