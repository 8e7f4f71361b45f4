import { limits } from "@tillkeeper/contract/limits";
import { OpenBatch, type OpenBatchCurrency, openBatchFigures } from "@tillkeeper/contract/telemetry";
import { type TObject, Type } from "typebox";
import { Compile } from "typebox/compile";
import { isDateTime, registerFormats } from "../../platform/formats.ts";
import { normalTime } from "../../platform/timestamps.ts";

registerFormats();
const OpenBatchFacts = Type.Pick(OpenBatch, ["transactions_count"], { additionalProperties: true });
const { currency, ...rest } = OpenBatch.properties.currencies.items.properties;
const isCurrency = Compile(currency);
const figures = Object.entries(openBatchFigures).map(
  ([name, schema]) => [name as keyof typeof rest, Compile(schema)] as const,
);

/** The schema of a heartbeat in which only the count of the open batch has to be valid. */
export function withOpenBatchFacts(heartbeat: TObject): TObject {
  const telemetry = heartbeat.properties["telemetry"] as TObject;
  const lenient = { ...telemetry, properties: { ...telemetry.properties, open_batch: OpenBatchFacts } };
  return { ...heartbeat, properties: { ...heartbeat.properties, telemetry: lenient } };
}

/** Returns a heartbeat whose open batch has no figures that are not possible (D29). Its count must be valid. */
export function readHeartbeat(said: unknown): unknown {
  const message = said as { telemetry?: { open_batch?: Parameters<typeof readOpenBatch>[0] } };
  const told = message.telemetry?.open_batch;
  if (told === undefined) return said;
  return { ...message, telemetry: { ...message.telemetry, open_batch: readOpenBatch(told) } };
}

/**
 * Makes the open batch as it is stored: its count, and the times and figures that are possible. Of a currency that is
 * named twice neither entry is kept, and of too many currencies none: a part of them would pass for the whole.
 */
export function readOpenBatch(told: Pick<OpenBatch, "transactions_count"> & Record<string, unknown>): OpenBatch {
  const { transactions_count, oldest_at: at, currencies } = told;
  const kept = readCurrencies(currencies);
  return {
    transactions_count,
    ...(typeof at === "string" && isDateTime(at) && { oldest_at: normalTime(at) }),
    ...(kept.length > 0 && { currencies: kept }),
  };
}

function readCurrencies(told: unknown): OpenBatchCurrency[] {
  if (!Array.isArray(told) || told.length > limits.mqttOpenBatchCurrencies) return [];
  const named = told.filter((one): one is OpenBatchCurrency => isCurrency.Check(one?.currency));
  const byName = Map.groupBy(named, (one) => one.currency);
  return named.filter((one) => byName.get(one.currency)?.length === 1).map(readFigures);
}

function readFigures(told: OpenBatchCurrency): OpenBatchCurrency {
  const valid = figures.filter(([name, schema]) => schema.Check(told[name]));
  return { currency: told.currency, ...Object.fromEntries(valid.map(([name]) => [name, told[name]])) };
}
