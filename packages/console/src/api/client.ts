import { createClient, type SessionClient } from "@tillkeeper/sdk";
import { fetchOnce } from "../app/early.ts";

const clients = new Map<string, SessionClient>();

/** The client of an account. It is opened by the cookie of the person who is signed in; all data of the console comes through it. */
export function clientOf(accountId: string): SessionClient {
  const known =
    clients.get(accountId) ??
    createClient({
      url: location.origin,
      accountId,
      credentials: "session",
      maxRetries: 1,
      requestTimeoutMs: 20_000,
      fetch: fetchOnce,
    });
  clients.set(accountId, known);
  return known;
}
