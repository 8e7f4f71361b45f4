import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { clientOf } from "./client.ts";

/** A page of the account's subscriptions. An event tells when one was paused because nothing arrives. */
export const webhooksQuery = (account: string, after?: string) =>
  queryOptions({
    queryKey: [account, "hooks", undefined, "list", after],
    queryFn: async ({ signal }) => {
      const { body, next } = await clientOf(account).hooks.list.withResponse(
        { limit: 50, ...(after !== undefined && { starting_after: after }) },
        { signal },
      );
      return { subscriptions: body, next };
    },
    placeholderData: keepPreviousData,
  });

export const webhookQuery = (account: string, id: string) =>
  queryOptions({
    queryKey: [account, "hooks", undefined, "one", id],
    queryFn: ({ signal }) => clientOf(account).hooks.get(id, { signal }),
  });

/** A page of a subscription's attempts. No event tells of them, so the screen has a button that reads them anew. */
export const deliveriesQuery = (account: string, id: string, filters: { success?: boolean; after?: string }) =>
  queryOptions({
    queryKey: [account, "hooks", undefined, "deliveries", id, filters],
    queryFn: async ({ signal }) => {
      const { success, after } = filters;
      const { body, next } = await clientOf(account).hooks.deliveries.withResponse(
        id,
        { limit: 50, ...(success !== undefined && { success }), ...(after !== undefined && { starting_after: after }) },
        { signal },
      );
      return { deliveries: body, next };
    },
    placeholderData: keepPreviousData,
  });
