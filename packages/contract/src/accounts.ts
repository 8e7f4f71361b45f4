import { Type } from "typebox";

/** The id of an account (tenant): `P` is live, `T` is sandbox. */
export const accountIdPattern = "^[PT]\\d{8}$";
/** The id of an account that may own other accounts: three or eight digits. */
export const operatorAccountIdPattern = "^[PT](\\d{3}|\\d{8})$";

export const AccountId = Type.String({
  pattern: accountIdPattern,
  description: "An id that uniquely identifies the account.",
});
export const OperatorAccountId = Type.String({
  pattern: operatorAccountIdPattern,
  description: "The id of an account, which may be an operator that owns other accounts.",
});

/** Whether an account is a sandbox: its id begins with `T`. */
export function isSandboxAccount(accountId: string): boolean {
  return accountId.startsWith("T");
}

/** The serial numbers of an account's virtual terminals; only sandbox accounts may register them (D10). */
export function simulatedSerialPattern(accountId: string): RegExp {
  return new RegExp(`^SIMULATED-${accountId}-\\d{3}$`);
}
