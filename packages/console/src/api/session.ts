import { queryOptions } from "@tanstack/react-query";
import { readError, TillkeeperError } from "@tillkeeper/sdk/error";
import { kept } from "../app/last-known.ts";

/** Who is signed in, and which accounts that person may see. */
export interface Session {
  user: { id: string; name: string; email: string; language?: string | null };
  accounts: SessionAccount[];
}

/** An account of the person who is signed in. */
interface SessionAccount {
  account_id: string;
  name: string;
  role: string;
  /** The ids of the stores that a person of a store may see. */
  stores?: string[];
  scopes: string[];
}

/** Who is signed in; `null`: nobody. */
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

/** What somebody types in to sign in. */
export interface SignIn {
  email: string;
  password: string;
  /** The code of the authenticator, when the server asked for it. */
  code?: string;
}

/** Signs in; the server's answer sets the cookie of the session. */
export async function signIn(input: SignIn): Promise<void> {
  await call("POST", "/v1/auth/sign-in", input);
}

/** Ends the session on the server. */
export async function signOut(): Promise<void> {
  await call("POST", "/v1/auth/sign-out");
}

/** Uses the link of an invitation or of a reset. */
export async function takeLink(input: { token: string; name?: string; password?: string }): Promise<void> {
  await call("POST", "/v1/auth/links", input);
}

/** These addresses belong to no account, so the client of an account does not have them. */
async function call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const answer = await fetch(path, {
    method,
    credentials: "same-origin",
    headers: { accept: "application/json", ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (!answer.ok) throw await readError(answer);
  return answer.status === 204 ? undefined : answer.json();
}
