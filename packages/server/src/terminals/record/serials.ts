import { type Expression, sql } from "kysely";
import { isUniqueViolation } from "../../db/failures.ts";
import { ApiError } from "../../platform/errors.ts";

/** Whether two serial numbers are equal. Case is ignored (D37); they are stored and shown as they were written. */
export function sameSerial(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The column as its indexes hold it, for comparison with a `serialKey`. */
export function lowerOf(column: Expression<string>) {
  return sql<string>`lower(${column} collate "C")`;
}

export function serialKey(serialNumber: string): string {
  return serialNumber.toLowerCase();
}

/**
 * Whether an insert failed because the serial number is taken: among all live accounts, or in the same sandbox account.
 */
export function isSerialTaken(error: unknown): boolean {
  return isUniqueViolation(error, "terminals_live_serial") || isUniqueViolation(error, "terminals_sandbox_serial");
}

/** The error does not say which account has the serial number (D21). */
export function serialNumberTaken(): ApiError {
  return new ApiError("serial_number_taken", "A terminal with this serial number is registered already.", {
    errors: [{ path: "/body/device_serial_number", message: "is taken" }],
  });
}
