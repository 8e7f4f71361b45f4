import type { Query, QueryClient } from "@tanstack/react-query";
import type { EventType } from "@tillkeeper/contract/events";
import type { AnyEvent, Reset } from "@tillkeeper/sdk";
import { forgetEarly } from "../app/early.ts";
import { queryClient } from "../app/query-client.ts";
import { clientOf } from "./client.ts";

/** How the stream of events stands: being made, there, or lost. */
export type LiveState = "connecting" | "live" | "lost";

type Message = { kind: "event"; item: AnyEvent | Reset } | { kind: "state"; state: LiveState } | { kind: "ask" };

/** The kinds of queries that an event makes old: the second part of their keys. */
const affected: Readonly<Record<string, readonly string[]>> = {
  account_store: ["stores", "configuration", "closings", "timeline"],
  account_terminal: ["stores", "terminals", "presence", "closings", "timeline"],
  terminal_operation: ["operations", "closings", "timeline"],
  terminal_presence: ["presence", "closings", "timeline"],
  terminal_paired: ["stores", "terminals", "presence", "timeline"],
  store_closing: ["closings", "timeline"],
  account_payout_destination: ["stores"],
  hook_subscription: ["hooks"],
};

/**
 * What was read before the stream was there is made good by the events of the half minute before, with which it begins. So long after the
 * page was opened that is not sure any more.
 */
const coveredMs = 20_000;

/** The first event is acted on at once; those of so many milliseconds after it together. */
const togetherMs = 300;

/** How often this page has begun to follow events. */
let follows = 0;

/** Milliseconds since the page was opened. One of the two clocks may stand still while the device sleeps, the other may be set. */
const sinceOpened = () => Math.max(performance.now(), Date.now() - performance.timeOrigin);

/**
 * Follows the events of an account, and has the queries read anew that an event makes old. All tabs of a browser share one stream,
 * because HTTP/1.1 gives an origin six connections: the tab that holds a lock reads it, and tells the others. Where the browser offers no
 * locks, which is so without HTTPS, each tab reads its own.
 */
export function followEvents(account: string, onState: (state: LiveState) => void): () => void {
  const ending = new AbortController();
  const channel = new BroadcastChannel(`tillkeeper-events-${account}`);
  const old = staleQueries(queryClient, account);
  let state: LiveState = "connecting";
  let leads = false;
  let lastEventId: string | undefined;
  const isFirst = follows++ === 0;

  const take = (item: AnyEvent | Reset) => {
    lastEventId = item.event === "reset" ? item.last_event_id : item.id;
    old.add(item);
  };
  const setState = (next: LiveState) => {
    state = next;
    onState(next);
    if (leads) channel.postMessage({ kind: "state", state } satisfies Message);
  };
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind === "ask") {
      if (leads) channel.postMessage({ kind: "state", state } satisfies Message);
    } else if (data.kind === "state") {
      // The stream of another tab tells nothing of what came before this tab heard it.
      if (state === "connecting" && data.state === "live") old.addAll();
      setState(data.state);
    } else take(data.item);
  });

  const lead = async () => {
    leads = true;
    const { signal } = ending;
    const stream = clientOf(account).events.stream({
      lastEventId: lastEventId ?? "recent",
      signal,
      onConnect: () => {
        forgetEarly();
        // What was read before the connection was there may have changed in between.
        const isCovered = state === "connecting" && isFirst && sinceOpened() < coveredMs;
        if (!isCovered && (state !== "live" || lastEventId === undefined)) old.addAll();
        setState("live");
      },
      onDisconnect: () => setState("lost"),
    });
    try {
      for await (const item of stream) {
        channel.postMessage({ kind: "event", item } satisfies Message);
        take(item);
      }
    } catch {
      // The session ended, or it may not read events: the screens say that they are not live.
      if (!signal.aborted) setState("lost");
    } finally {
      leads = false;
    }
  };

  const { locks } = navigator as { locks?: LockManager };
  const leading = locks ? locks.request(`tillkeeper-events-${account}`, { signal: ending.signal }, lead) : lead();
  // Rejects when this tab stops to wait for the lock.
  leading.catch(() => undefined);
  channel.postMessage({ kind: "ask" } satisfies Message);
  return () => {
    ending.abort();
    channel.close();
    old.stop();
  };
}

/** Has read anew what events make old: at once after a quiet time, else once for all that come together. */
function staleQueries(client: QueryClient, account: string) {
  let waiting: (AnyEvent | Reset)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const readAnew = anew(client);
  const act = () => {
    const items = waiting;
    waiting = [];
    timer = items.length > 0 ? setTimeout(act, togetherMs) : undefined;
    if (items.length > 0) readAnew(({ queryKey }) => items.some((item) => isOld(account, queryKey, item)));
  };
  return {
    add: (item: AnyEvent | Reset) => {
      waiting.push(item);
      if (timer === undefined) act();
    },
    addAll: () => readAnew(({ queryKey }) => queryKey[0] === account),
    stop: () => clearTimeout(timer),
  };
}

/**
 * Makes the function that has queries read anew. What is being read already may have been answered before the event: it is read once more
 * when it has come, and not broken off, so that it comes while events follow each other.
 */
function anew(client: QueryClient) {
  const again = new Set<string>();
  const read = ({ queryKey }: Query) => void client.invalidateQueries({ queryKey, exact: true });
  const readLater = async (query: Query) => {
    again.add(query.queryHash);
    while (query.state.fetchStatus === "fetching") {
      await query.promise?.catch(() => undefined);
      // The query takes its answer first.
      await new Promise((resolve) => setTimeout(resolve));
    }
    again.delete(query.queryHash);
    read(query);
  };
  return (predicate: (query: Query) => boolean): void => {
    // Answers that no query has taken are older than the event, too.
    forgetEarly();
    for (const query of client.getQueryCache().findAll({ predicate })) {
      if (query.state.fetchStatus !== "fetching") read(query);
      else if (!again.has(query.queryHash)) void readLater(query);
    }
  };
}

/** Whether an event makes the answer of a query old. */
function isOld(account: string, key: readonly unknown[], item: AnyEvent | Reset): boolean {
  const [ofAccount, kind, store] = key;
  if (ofAccount !== account) return false;
  if (item.event === "reset") return true;
  const kinds = affected[objectOf(item.event)] ?? [];
  const { store_id: at } = item;
  return kinds.includes(String(kind)) && (store === undefined || at === undefined || store === at);
}

/** What an event is about, by its name. */
function objectOf(event: EventType): string {
  return event.replace(/_(add|update|delete|missed|paused)$/, "");
}
