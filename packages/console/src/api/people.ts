import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { PasswordChange, SignedInList } from "@tillkeeper/contract/http/people";
import type { Totp, TotpConfirm, TotpConfirmed, TotpEnd, TotpStart, TotpStarted } from "@tillkeeper/contract/http/totp";
import { clientOf } from "./client.ts";
import { call } from "./session.ts";

/** A page of the account's users. No event tells of them: who changes one has them read anew. */
export const usersQuery = (account: string, after?: string) =>
  queryOptions({
    queryKey: [account, "users", undefined, "list", after],
    queryFn: ({ signal }) =>
      clientOf(account).users.list({ limit: 50, ...(after !== undefined && { starting_after: after }) }, { signal }),
    placeholderData: keepPreviousData,
  });

/** A user with its tag. A change sends the tag back, and is refused when the user has changed since. */
export const userQuery = (account: string, user: string) =>
  queryOptions({
    queryKey: [account, "users", undefined, "one", user],
    queryFn: async ({ signal }) => {
      const { body, headers } = await clientOf(account).users.get.withResponse(user, { signal });
      return { user: body, tag: headers.get("etag") };
    },
  });

/** Where the person is signed in. */
export const ownSessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => {
    const { sessions } = (await call("GET", "/v1/auth/sessions", undefined, signal)) as SignedInList;
    return sessions;
  },
});

/** Ends one of the person's sessions on the server. */
export async function endSession(id: string): Promise<void> {
  await call("DELETE", `/v1/auth/sessions/${encodeURIComponent(id)}`);
}

/** Sets another password; the person's other sessions end. */
export async function changePassword(input: PasswordChange): Promise<void> {
  await call("POST", "/v1/auth/password", input);
}

/** Whether signing in asks the person for a code. */
export const totpQuery = queryOptions({
  queryKey: ["authenticator"],
  queryFn: async ({ signal }) => (await call("GET", "/v1/auth/totp", undefined, signal)) as Totp,
});

/** Makes the secret of an authenticator, which is not in use before its first code is confirmed. */
export async function startTotp(input: TotpStart): Promise<TotpStarted> {
  return (await call("POST", "/v1/auth/totp", input)) as TotpStarted;
}

/** Turns the authenticator on by its first code. */
export async function confirmTotp(input: TotpConfirm): Promise<TotpConfirmed> {
  return (await call("POST", "/v1/auth/totp/confirm", input)) as TotpConfirmed;
}

/** Turns the authenticator off. */
export async function endTotp(input: TotpEnd): Promise<void> {
  await call("DELETE", "/v1/auth/totp", input);
}
