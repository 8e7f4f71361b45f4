import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { clientOf } from "./client.ts";

/** Which entries of the audit log are asked for. The times are instants. */
export interface AuditFilters {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  after?: string | undefined;
}

/** A page of the audit log. No event tells of it, so the screen has a button that reads it anew. */
export const auditQuery = (account: string, filters: AuditFilters) =>
  queryOptions({
    queryKey: [account, "audit", undefined, "list", filters],
    queryFn: ({ signal }) => {
      const { actor, action, subject, from, to, after } = filters;
      return clientOf(account).audit.list(
        {
          limit: 50,
          ...(actor !== undefined && { actor }),
          ...(action !== undefined && { action }),
          ...(subject !== undefined && { subject_id: subject }),
          ...(from !== undefined && { "at.gte": from }),
          ...(to !== undefined && { "at.lte": to }),
          ...(after !== undefined && { starting_after: after }),
        },
        { signal },
      );
    },
    placeholderData: keepPreviousData,
  });
