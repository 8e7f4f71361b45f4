import { queryOptions } from "@tanstack/react-query";

/** Whether the server has a sandbox: then it has a page for it. That does not change while it runs. */
export const sandboxQuery = queryOptions({
  queryKey: ["sandbox"],
  queryFn: async ({ signal }) => (await fetch("/sandbox", { method: "HEAD", signal })).ok,
  staleTime: Number.POSITIVE_INFINITY,
});
