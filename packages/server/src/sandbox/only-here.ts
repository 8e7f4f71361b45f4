import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { nothingHere } from "../platform/errors.ts";

/** Throws for a live account, as if the route did not exist. A sandbox's database may have live accounts, too. */
export function requireSandboxAccount({ accountId }: { accountId: string }): void {
  if (!isSandboxAccount(accountId)) throw nothingHere();
}
