import type { Endpoint } from "./endpoint.ts";

const accountParameters = new Set([":aid", ":oid"]);

/** Whether a path parameter (`:aid`) is the account, which is the client's own. */
export function isAccountParameter(part: string): boolean {
  return accountParameters.has(part);
}

/** Whether the SDK has a method for an endpoint. It is the client of one account, so it calls what lies below that. */
export function hasSdkMethod({ path, outsideSdk }: Endpoint): boolean {
  return outsideSdk === undefined && path.split("/").some(isAccountParameter);
}
