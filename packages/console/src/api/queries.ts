import { queryOptions } from "@tanstack/react-query";
import type { TerminalListItem } from "@tillkeeper/contract/http/terminals";
import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Operation } from "@tillkeeper/sdk";
import { kept } from "../app/last-known.ts";
import { clientOf } from "./client.ts";
import type { ListPage } from "./pages.ts";

/**
 * One query for each thing that screens read, beside the SDK's method. A key is the account, the kind, the store where it belongs to
 * one, then the rest: `live.ts` finds by it what an event makes old.
 */

export const storesQuery = (account: string) =>
  queryOptions({
    queryKey: [account, "stores"],
    queryFn: async ({ signal }) => {
      const stores = [];
      for await (const store of clientOf(account).stores.list({ limit: 100 }, { signal })) stores.push(store);
      return stores;
    },
    ...kept,
  });

export const storeQuery = (account: string, store: string) =>
  queryOptions({
    queryKey: [account, "stores", store],
    queryFn: ({ signal }) => clientOf(account).stores.get(store, {}, { signal }),
    ...kept,
  });

export const configurationQuery = (account: string, store: string) =>
  queryOptions({
    queryKey: [account, "configuration", store],
    queryFn: ({ signal }) => clientOf(account).stores.getConfiguration(store, { signal }),
    ...kept,
  });

export const previewQuery = (account: string, store: string) =>
  queryOptions({
    queryKey: [account, "closings", store, "preview"],
    queryFn: ({ signal }) => clientOf(account).closings.preview(store, {}, { signal }),
    staleTime: 10_000,
    ...kept,
  });

export const closingQuery = (account: string, store: string, closing: string) =>
  queryOptions({
    queryKey: [account, "closings", store, "one", closing],
    queryFn: ({ signal }) => clientOf(account).closings.get(store, closing, {}, { signal }),
    ...kept,
  });

export const closingsQuery = (account: string, store: string, startingAfter?: string) =>
  queryOptions({
    queryKey: [account, "closings", store, "list", startingAfter ?? ""],
    queryFn: ({ signal }) =>
      clientOf(account).closings.list(
        store,
        { limit: 31, ...(startingAfter !== undefined && { starting_after: startingAfter }) },
        { signal },
      ),
  });

export const reportsQuery = (account: string, store: string, closing: string) =>
  queryOptions({
    queryKey: [account, "closings", store, "reports", closing],
    queryFn: ({ signal }) => clientOf(account).closingReports.list(store, closing, { signal }),
  });

export const presenceQuery = (account: string, store: string) =>
  queryOptions({
    queryKey: [account, "presence", store],
    queryFn: ({ signal }) => clientOf(account).presence.ofStore(store, { includes: ["telemetry"] }, { signal }),
  });

export const presenceOfOneQuery = (account: string, store: string, terminal: string) =>
  queryOptions({
    queryKey: [account, "presence", store, "one", terminal],
    queryFn: ({ signal }) => clientOf(account).presence.ofTerminal(terminal, { signal }),
  });

/** A store with its tag. A change sends the tag back, and is refused when the store has changed since. */
export const storeDetailsQuery = (account: string, store: string) =>
  queryOptions({
    queryKey: [account, "stores", store, "details"],
    queryFn: async ({ signal }) => {
      const { body, headers } = await clientOf(account).stores.get.withResponse(store, {}, { signal });
      return { store: body, tag: headers.get("etag") };
    },
  });

/** A page of the account's terminals, by filters. It belongs to no store: each event of a terminal makes it old. */
export const terminalsQuery = (
  account: string,
  { status, search }: { status?: TerminalStatus; search?: string },
  after: string | undefined,
) =>
  queryOptions({
    queryKey: [account, "terminals", undefined, "list", status, search, after] as readonly unknown[],
    queryFn: async ({ signal }): Promise<ListPage<TerminalListItem>> => {
      const { terminals, starting_after } = await clientOf(account).terminals.list(
        {
          limit: 100,
          includes: ["store"],
          ...(status && { status: [status] }),
          ...(search !== undefined && { search }),
          ...(after !== undefined && { starting_after: after }),
        },
        { signal },
      );
      return { rows: terminals, hasMore: starting_after !== undefined };
    },
  });

export const terminalQuery = (account: string, terminal: string) =>
  queryOptions({
    queryKey: [account, "terminals", undefined, "one", terminal],
    queryFn: ({ signal }) => clientOf(account).terminals.get(terminal, { signal }),
  });

/** The pairing codes of a terminal with what became of them, newest first; the codes themselves are not told again. */
export const pairingCodesQuery = (account: string, terminal: string) =>
  queryOptions({
    queryKey: [account, "terminals", undefined, "pairing-codes", terminal] as const,
    queryFn: ({ signal }) => clientOf(account).terminals.listPairingCodes(terminal, { signal }),
  });

/** A page of the account's operations, by filters. */
export const operationsQuery = (
  account: string,
  filters: { status?: OperationStatus; operation?: OperationName; terminal?: string },
  after: string | undefined,
) =>
  queryOptions({
    queryKey: [account, "operations", undefined, "list", filters, after] as readonly unknown[],
    queryFn: async ({ signal }): Promise<ListPage<Operation>> => {
      const { status, operation, terminal } = filters;
      const { body, next } = await clientOf(account).operations.list.withResponse(
        {
          limit: 100,
          ...(status && { status }),
          ...(operation && { operation }),
          ...(terminal !== undefined && { terminal_id: terminal }),
          ...(after !== undefined && { starting_after: after }),
        },
        { signal },
      );
      return { rows: body, hasMore: next !== undefined };
    },
  });

export const operationQuery = (account: string, operation: string) =>
  queryOptions({
    queryKey: [account, "operations", undefined, "one", operation],
    queryFn: ({ signal }) => clientOf(account).operations.get(operation, { signal }),
  });

export const timelineQuery = (
  account: string,
  store: string,
  terminal: string,
  { around, after }: { around?: string; after?: string },
) =>
  queryOptions({
    queryKey: [account, "timeline", store, terminal, around, after],
    queryFn: ({ signal }) =>
      clientOf(account).timeline.ofTerminal(
        terminal,
        { limit: 50, ...(around !== undefined && { around }), ...(after !== undefined && { starting_after: after }) },
        { signal },
      ),
  });
