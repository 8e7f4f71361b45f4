import { type Expression, sql } from "kysely";
import { isUniqueViolation } from "../../db/failures.ts";
import { ApiError } from "../../platform/errors.ts";

/** Serial numbers are compared without case (D37); they are kept and shown as they were written. */
export function sameSerial(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The column as its indexes hold it, to be compared with what `serialKey` answers. */
export function lowerOf(column: Expression<string>) {
  return sql<string>`lower(${column} collate "C")`;
}

export function serialKey(serialNumber: string): string {
  return serialNumber.toLowerCase();
}

/** Of a live account against all live ones, of a sandbox account against itself. */
export function isSerialTaken(error: unknown): boolean {
  return isUniqueViolation(error, "terminals_live_serial") || isUniqueViolation(error, "terminals_sandbox_serial");
}

/** Says nothing of whose it is (D21). */
export function serialNumberTaken(): ApiError {
  return new ApiError("serial_number_taken", "A terminal with this serial number is registered already.", {
    errors: [{ path: "/body/device_serial_number", message: "is taken" }],
  });
}
