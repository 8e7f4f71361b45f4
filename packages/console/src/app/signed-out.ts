import type { QueryClient } from "@tanstack/react-query";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { sessionQuery } from "../api/session.ts";
import { forgetLastKnown } from "./last-known.ts";

/**
 * Notices that the session has ended, elsewhere or by its age: the server answers 401, or says that there is none. Whatever this browser
 * has kept is forgotten then. Without an answer nothing is forgotten: it can be read without a network.
 */
export function noticeSignOut(client: QueryClient, leave: () => void): void {
  const ask = (error: unknown) => {
    // A password that is wrong is a 401 as well: whether there is a session is known by asking for it.
    if (error instanceof TillkeeperError && error.status === 401)
      void client.prefetchQuery({ ...sessionQuery, staleTime: 0 });
  };
  client.getMutationCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "error") ask(event.action.error);
  });
  let hadSession = client.getQueryData(sessionQuery.queryKey) != null;
  client.getQueryCache().subscribe((event) => {
    if (event.type !== "updated") return;
    const { action, query } = event;
    if (action.type === "error") ask(action.error);
    if (action.type !== "success" || query.queryHash !== sessionHash) return;
    const hasEnded = hadSession && action.data === null;
    hadSession = action.data !== null;
    if (!hasEnded) return;
    forgetLastKnown();
    client.clear();
    leave();
  });
}

const sessionHash = JSON.stringify(sessionQuery.queryKey);
