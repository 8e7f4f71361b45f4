import { queryOptions } from "@tanstack/react-query";
import type { SignInProviders } from "@tillkeeper/contract/http/oidc";
import type { Session, SignIn, SignInLink } from "@tillkeeper/contract/http/people";
import { readError, TillkeeperError } from "@tillkeeper/sdk/error";
import { fetchOnce } from "../app/early.ts";
import { kept } from "../app/last-known.ts";

/** The session of the person who is signed in; `null` without one. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return (await call("GET", "/v1/session", undefined, signal)) as Session;
    } catch (error) {
      if (error instanceof TillkeeperError && error.status === 401) return null;
      throw error;
    }
  },
  ...kept,
});

/** Where people can sign in beside e-mail address and password. */
export const providersQuery = queryOptions({
  queryKey: ["sign-in providers"],
  queryFn: async ({ signal }) => (await call("GET", "/v1/auth/providers", undefined, signal)) as SignInProviders,
});

/** Signs in; the server's answer sets the cookie of the session. */
export async function signIn(input: SignIn): Promise<void> {
  await call("POST", "/v1/auth/sign-in", input);
}

/** Ends the session on the server. */
export async function signOut(): Promise<void> {
  await call("POST", "/v1/auth/sign-out");
}

/** Uses a link: an invitation, a new password, or one that signs in once. The server's answer sets the cookie of a session. */
export async function takeLink(input: SignInLink): Promise<void> {
  await call("POST", "/v1/auth/links", input);
}

/** These addresses belong to no account, so the client of an account does not have them. */
export async function call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const answer = await fetchOnce(path, {
    method,
    credentials: "same-origin",
    headers: { accept: "application/json", ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (!answer.ok) throw await readError(answer);
  return answer.status === 204 ? undefined : answer.json();
}
