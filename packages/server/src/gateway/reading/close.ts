import {
  type EndOfDayFigure,
  type EndOfDayResult,
  endOfDayFigureNames,
  endOfDayFigures,
  type Inconsistency,
  type ResultTime,
} from "@tillkeeper/contract/operations";
import { Time } from "@tillkeeper/contract/scalars";
import { Compile, type Validator } from "typebox/compile";
import { registerFormats } from "../../platform/formats.ts";
import { normalTime } from "../../platform/timestamps.ts";

registerFormats();
const validators = Object.fromEntries(
  endOfDayFigureNames.map((name) => [name, Compile(endOfDayFigures[name])]),
) as Record<EndOfDayFigure, Validator>;

/**
 * Makes the result of a close as it is stored (D29): its facts, and the figures and times that are valid. Invalid
 * fields are named, and so are figures that do not fit together. Times are put into one form. `reported` must hold valid facts;
 * `invalidTimes` are those of the message around it.
 */
export function readClose(
  reported: Pick<EndOfDayResult, "outcome" | "batch_id"> & Record<string, unknown>,
  invalidTimes: readonly ResultTime[] = [],
): EndOfDayResult {
  const { outcome, batch_id } = reported;
  const given = endOfDayFigureNames.filter((name) => reported[name] !== undefined);
  const valid = given.filter((name) => validators[name].Check(reported[name]));
  const invalid = [...given.filter((name) => !valid.includes(name)), ...invalidTimes];
  const close = {
    outcome,
    batch_id,
    ...Object.fromEntries(valid.map((name) => [name, normal(name, reported[name])])),
  } as EndOfDayResult;
  const inconsistent = inconsistenciesOf(close);
  return {
    ...close,
    ...(invalid.length > 0 && { invalid_fields: invalid }),
    ...(inconsistent.length > 0 && { inconsistent }),
  };
}

function normal(name: EndOfDayFigure, value: unknown): unknown {
  return endOfDayFigures[name] === Time ? normalTime(value as string) : value;
}

function inconsistenciesOf(close: EndOfDayResult): Inconsistency[] {
  const { purchases_amount: purchases, reversals_amount: reversals, sale_amount: sale, tip_amount: tips } = close;
  const { start_of_day_at: start, last_end_of_day_at: end } = close;
  const found: Inconsistency[] = [];
  // BigInt, because each number has up to 53 bits and their sum may have more.
  const isSum = (parts: number[], whole: number) =>
    parts.reduce((sum, part) => sum + BigInt(part), 0n) === BigInt(whole);
  if (purchases !== undefined && reversals !== undefined && sale !== undefined && tips !== undefined) {
    if (!isSum([purchases, -tips, -reversals], sale)) found.push("sale_amount");
  }
  if (purchases !== undefined && tips !== undefined && tips > purchases) found.push("tip_above_purchases");
  if (start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start)) found.push("end_before_start");
  return found;
}
