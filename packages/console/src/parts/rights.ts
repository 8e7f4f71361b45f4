import { getRouteApi } from "@tanstack/react-router";
import type { Scope } from "@tillkeeper/contract/scopes";

/** By its name: the route's own screen uses this file. */
const accountRoute = getRouteApi("/$account");

/** Whether the person may do in the account what takes one of these scopes. The server decides; this says which buttons are of use. */
export function useMay(accepted: readonly Scope[]): boolean {
  const { account } = accountRoute.useRouteContext();
  return account.scopes.some((scope) => accepted.includes(scope));
}
