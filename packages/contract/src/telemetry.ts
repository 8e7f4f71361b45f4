import { type Static, Type } from "typebox";
import { Time } from "./scalars.ts";
import { FaultCode, FreeText, Identifier } from "./texts.ts";

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
  },
  { additionalProperties: true },
);
export type Telemetry = Static<typeof Telemetry>;

/** The fields of telemetry that this version stores; it ignores others. */
export const telemetryFields = [
  "software_version",
  "configuration_version",
  "battery",
  "link",
  "printer",
  "unsent_batch",
] as const satisfies readonly (keyof Telemetry)[];
export type TelemetryField = (typeof telemetryFields)[number];

/** A fault that keeps the device from its work: its terminal becomes ERROR until an update or an activation succeeds (D11). */
export const DeviceFault = Type.Object({
  code: FaultCode,
  message: Type.Optional(FreeText({ maxLength: 500, description: "For people." })),
});
export type DeviceFault = Static<typeof DeviceFault>;

export const OpenBatch = Type.Object({
  transactions_count: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
  oldest_at: Type.Optional(Time),
  currencies: Type.Optional(
    Type.Array(
      Type.Object({
        currency: Type.String(),
        purchases_count: Type.Optional(Type.Integer()),
        purchases_amount: Type.Optional(Type.Integer()),
        reversals_count: Type.Optional(Type.Integer()),
        reversals_amount: Type.Optional(Type.Integer()),
        sale_amount: Type.Optional(Type.Integer()),
        tip_amount: Type.Optional(Type.Integer()),
      }),
    ),
  ),
});
export type OpenBatch = Static<typeof OpenBatch>;
