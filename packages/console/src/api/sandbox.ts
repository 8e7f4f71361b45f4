import { queryOptions } from "@tanstack/react-query";

/**
 * Whether the server has a sandbox: then its first page leads to the page of the sandbox. To ask for that page itself would be an
 * error in the browser's console where it is missing. It does not change while the server runs.
 */
export const sandboxQuery = queryOptions({
  queryKey: ["sandbox"],
  queryFn: async ({ signal }) => (await (await fetch("/docs/start", { signal })).text()).includes('href="/sandbox"'),
  staleTime: Number.POSITIVE_INFINITY,
});
