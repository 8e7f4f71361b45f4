import {
  type EndOfDayFigure,
  type EndOfDayResult,
  endOfDayFigureNames,
  endOfDayFigures,
  type Inconsistency,
} from "@tillkeeper/contract/operations";
import { Compile, type Validator } from "typebox/compile";
import { registerFormats } from "../../platform/formats.ts";

registerFormats();
const validators = Object.fromEntries(
  endOfDayFigureNames.map((name) => [name, Compile(endOfDayFigures[name])]),
) as Record<EndOfDayFigure, Validator>;

/**
 * The result of a close as it is kept (D29): its facts, and of its figures and times those that can be. What cannot is named,
 * and so is what does not fit together. `told` has the facts.
 */
export function readClose(
  told: Pick<EndOfDayResult, "outcome" | "batch_id"> & Record<string, unknown>,
): EndOfDayResult {
  const { outcome, batch_id } = told;
  const given = endOfDayFigureNames.filter((name) => told[name] !== undefined);
  const valid = given.filter((name) => validators[name].Check(told[name]));
  const invalid = given.filter((name) => !valid.includes(name));
  const close = { outcome, batch_id, ...Object.fromEntries(valid.map((name) => [name, told[name]])) } as EndOfDayResult;
  const inconsistent = inconsistenciesOf(close);
  return {
    ...close,
    ...(invalid.length > 0 && { invalid_fields: invalid }),
    ...(inconsistent.length > 0 && { inconsistent }),
  };
}

function inconsistenciesOf(close: EndOfDayResult): Inconsistency[] {
  const { purchases_amount: purchases, reversals_amount: reversals, sale_amount: sale, tip_amount: tips } = close;
  const { start_of_day_at: start, last_end_of_day_at: end } = close;
  const found: Inconsistency[] = [];
  // Whole numbers of up to 53 bits each: their sum may have more.
  const isSum = (parts: number[], whole: number) =>
    parts.reduce((sum, part) => sum + BigInt(part), 0n) === BigInt(whole);
  if (purchases !== undefined && reversals !== undefined && sale !== undefined && tips !== undefined) {
    if (!isSum([purchases, -tips, -reversals], sale)) found.push("sale_amount");
  }
  if (purchases !== undefined && tips !== undefined && tips > purchases) found.push("tip_above_purchases");
  if (start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start)) found.push("end_before_start");
  return found;
}
