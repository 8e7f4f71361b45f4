import type { Endpoint } from "./endpoint.ts";

const accountParameters = new Set([":aid", ":oid"]);

/** Whether a part of a path is the account's parameter (`:aid` or `:oid`), which the SDK fills in by itself. */
export function isAccountParameter(part: string): boolean {
  return accountParameters.has(part);
}

/** Whether the SDK has a method for an endpoint. It is a client of one account, so it calls only paths of an account. */
export function hasSdkMethod({ path, outsideSdk }: Endpoint): boolean {
  return outsideSdk === undefined && path.split("/").some(isAccountParameter);
}
