import { Type } from "typebox";

/** An account (tenant): `P` is live, `T` is sandbox. */
export const accountIdPattern = "^[PT]\\d{8}$";
/** An account that may own other accounts: three or eight digits. */
export const operatorAccountIdPattern = "^[PT](\\d{3}|\\d{8})$";

export const AccountId = Type.String({
  pattern: accountIdPattern,
  description: "An id that uniquely identifies the account.",
});
export const OperatorAccountId = Type.String({
  pattern: operatorAccountIdPattern,
  description: "The account, or the account that owns it.",
});

/** Virtual terminals carry this serial number; only sandbox accounts may register them (D10). */
export function simulatedSerialPattern(accountId: string): RegExp {
  return new RegExp(`^SIMULATED-${accountId}-\\d{3}$`);
}
