import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { followEvents, type LiveState } from "../api/live.ts";

const Live = createContext<LiveState>("connecting");

/** Follows the events of an account for all screens in it. */
export function LiveEvents({ account, children }: { account: string; children: ReactNode }) {
  const [state, setState] = useState<LiveState>("connecting");
  useEffect(() => followEvents(account, setState), [account]);
  return <Live value={state}>{children}</Live>;
}

/** How the stream of events stands. */
export function useLiveState(): LiveState {
  return use(Live);
}

/** Whether the browser has a network. It knows of a missing one only, not of a server that does not answer. */
export function useIsOffline(): boolean {
  const [offline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const look = () => setOffline(!navigator.onLine);
    const ending = new AbortController();
    addEventListener("online", look, ending);
    addEventListener("offline", look, ending);
    return () => ending.abort();
  }, []);
  return offline;
}
