import { Type } from "typebox";

/** A span of time as ISO 8601 writes it, of days, hours, minutes and seconds; days are of 24 hours. */
export function Duration({ description, example }: { description: string; example: string }) {
  return Type.String({
    pattern: "^P(?=\\d|T\\d)(\\d{1,4}D)?(T(?=\\d)(\\d{1,5}H)?(\\d{1,6}M)?(\\d{1,7}S)?)?$",
    description,
    examples: [example],
  });
}
