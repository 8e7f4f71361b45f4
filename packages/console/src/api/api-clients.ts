import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { clientOf } from "./client.ts";

/** A page of the account's API clients. No event tells of them: who changes one has them read anew. */
export const apiClientsQuery = (account: string, after?: string) =>
  queryOptions({
    queryKey: [account, "clients", undefined, "list", after],
    queryFn: ({ signal }) =>
      clientOf(account).clients.list({ limit: 50, ...(after !== undefined && { starting_after: after }) }, { signal }),
    placeholderData: keepPreviousData,
  });

export const apiClientQuery = (account: string, id: string) =>
  queryOptions({
    queryKey: [account, "clients", undefined, "one", id],
    queryFn: ({ signal }) => clientOf(account).clients.get(id, { signal }),
  });

/** What a client may do, and in which accounts. */
export const grantsQuery = (account: string, client: string) =>
  queryOptions({
    queryKey: [account, "clients", undefined, "grants", client],
    queryFn: async ({ signal }) => {
      const grants = [];
      const listed = clientOf(account).clientGrants.list({ client_id: client, limit: 100 }, { signal });
      for await (const grant of listed) grants.push(grant);
      return grants;
    },
  });
