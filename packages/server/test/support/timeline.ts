import type { Timeline, TimelineEntry } from "@tillkeeper/contract/http/timeline";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";

/** Reads timelines as a client does. */
export function timelineReader(server: SharedServer, { aid, token }: Tenant) {
  const call = async (path: string, query: Record<string, string | number> = {}) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return server.call<Timeline>("GET", `/v1/accounts/${aid}/${path}/timeline?${search.toString()}`, { token });
  };
  const page = async (path: string, query: Record<string, string | number> = {}): Promise<Timeline> => {
    const { status, body } = await call(path, query);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body;
  };
  return {
    call,
    page,
    /** All pages from the newest entry on, as they come. */
    older: async (path: string, limit: number, query: Record<string, string> = {}): Promise<TimelineEntry[]> => {
      const entries: TimelineEntry[] = [];
      let after: string | undefined;
      do {
        const found = await page(path, { ...query, limit, ...(after !== undefined && { starting_after: after }) });
        entries.push(...found.entries);
        after = found.starting_after;
      } while (after !== undefined);
      return entries;
    },
    /** All pages from an entry on to the newest, newest first. */
    newer: async (path: string, limit: number, before: string): Promise<TimelineEntry[]> => {
      const entries: TimelineEntry[] = [];
      for (let cursor: string | undefined = before; cursor !== undefined; ) {
        const found: Timeline = await page(path, { limit, ending_before: cursor });
        entries.unshift(...found.entries);
        cursor = found.ending_before;
      }
      return entries;
    },
  };
}
