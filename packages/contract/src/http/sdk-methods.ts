import type { Endpoint } from "./endpoint.ts";

const accountParameters = new Set([":aid", ":oid"]);

/** Whether a part of a path is the account's parameter (`:aid` or `:oid`), which the SDK fills in by itself. */
export function isAccountParameter(part: string): boolean {
  return accountParameters.has(part);
}

/** Whether the SDK has a method for an endpoint. */
export function hasSdkMethod({ outsideSdk }: Endpoint): boolean {
  return outsideSdk === undefined;
}

/** The same endpoints, without methods in the SDK, and why. */
export function withoutSdkMethods<Rows extends Readonly<Record<string, Endpoint>>>(
  rows: Rows,
  outsideSdk: string,
): Rows {
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, { ...row, outsideSdk }]),
  ) as unknown as Rows;
}
