import { queryOptions } from "@tanstack/react-query";
import type { Authorization, Authorized } from "@tillkeeper/contract/http/authorization";
import { call } from "./session.ts";

const pathOf = (account: string) => `/v1/accounts/${encodeURIComponent(account)}/auth/authorization`;

/** What a front end asks of the person, by the search of the address as the front end wrote it. */
export const authorizationQuery = (account: string, search: string) =>
  queryOptions({
    queryKey: ["authorization", account, search],
    queryFn: async ({ signal }) =>
      (await call("GET", `${pathOf(account)}${search}`, undefined, signal)) as Authorization,
    retry: false,
  });

/** Lets the front end act for the person. Returns where the browser goes on, with the code. */
export async function allowAuthorization(account: string, search: string): Promise<string> {
  const body = Object.fromEntries(new URLSearchParams(search));
  const { redirect_to: to } = (await call("POST", pathOf(account), body)) as Authorized;
  return to;
}
