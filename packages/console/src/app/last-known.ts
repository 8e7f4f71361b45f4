import { dehydrate, hydrate, type QueryClient } from "@tanstack/react-query";
import { TillkeeperError } from "@tillkeeper/sdk/error";

const place = "tillkeeper-last-known";
/** Changes within so many milliseconds are written once. */
const settleMs = 500;
const longestMs = 3 * 24 * 3_600_000;

/** Marks a query whose last answer is kept in this browser, to be read without a network. */
export const kept = { meta: { kept: true } } as const;

/** Brings back the last answers of kept queries, with the times at which they came, and keeps later ones. */
export function keepLastKnown(client: QueryClient): void {
  try {
    const text = localStorage.getItem(place);
    if (text !== null) hydrate(client, recent(JSON.parse(text)));
  } catch {
    forgetLastKnown();
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const writeNow = () => {
    timer = undefined;
    write(client);
  };
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== "updated" || query.meta?.["kept"] !== true) return;
    clearTimeout(timer);
    timer = setTimeout(writeNow, settleMs);
  });
  // The page may be left, or put away by the phone, before the changes have settled.
  addEventListener("pagehide", () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    writeNow();
  });
}

/** Deletes the kept answers; called when the person signs out. */
export function forgetLastKnown(): void {
  localStorage.removeItem(place);
}

function write(client: QueryClient): void {
  const state = dehydrate(client, {
    shouldDehydrateMutation: () => false,
    shouldDehydrateQuery: ({ meta, state: { data, error } }) =>
      meta?.["kept"] === true && data !== undefined && !isRefusal(error),
  });
  try {
    localStorage.setItem(place, JSON.stringify(state));
  } catch {
    // The browser has no room for it, or keeps nothing: then nothing is shown without a network.
  }
}

/** Whether the server refused to answer: what it said before does not hold any more. Without an answer it may. */
function isRefusal(error: Error | null): boolean {
  return error instanceof TillkeeperError && error.status !== undefined && error.status < 500;
}

type Kept = ReturnType<typeof dehydrate>;

/**
 * Leaves out answers that are older than three days: they show no running business day any more. The others are read anew when they are
 * shown: no event tells of what happened before the page was opened.
 */
function recent(state: Kept): Kept {
  const since = Date.now() - longestMs;
  const queries = state.queries.filter((query) => query.state.dataUpdatedAt > since);
  return {
    ...state,
    queries: queries.map((query) => ({ ...query, state: { ...query.state, error: null, isInvalidated: true } })),
  };
}
