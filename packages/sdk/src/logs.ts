import type { TerminalLog } from "@tillkeeper/contract/http/logs";
import { nextPage } from "./next-page.ts";
import type { Transport } from "./transport.ts";

export interface LogPage {
  logs: TerminalLog[];
  /** Pass it on to get the next page; absent on the last. */
  starting_after?: string;
}

export interface Logs {
  /** One page of what a terminal has sent for `send_logs`, newest first. */
  list(terminalId: string, query?: { limit?: number; starting_after?: string }): Promise<LogPage>;
  get(terminalId: string, logId: string): Promise<TerminalLog>;
  /** The file itself: gzip, with card numbers masked. Each download is noted in the account's audit log. */
  download(terminalId: string, logId: string, options?: { signal?: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
}

/** The logs of the account's terminals, at the base that names it. */
export function createLogs({ call, download, pathOf }: Transport): Logs {
  const path = (terminalId: string, ...rest: string[]) =>
    pathOf("payments", "admin", "terminals", terminalId, "logs", ...rest);
  return {
    list: async (terminalId, query = {}) => {
      const { body, headers } = await call<TerminalLog[]>({
        method: "GET",
        path: path(terminalId),
        query: { ...query },
      });
      const next = nextPage(headers.get("link"));
      return { logs: body, ...(next !== undefined && { starting_after: next }) };
    },
    get: async (terminalId, logId) => (await call<TerminalLog>({ method: "GET", path: path(terminalId, logId) })).body,
    download: async (terminalId, logId, { signal } = {}) =>
      (await download({ method: "GET", path: path(terminalId, logId, "content"), signal })).body,
  };
}
