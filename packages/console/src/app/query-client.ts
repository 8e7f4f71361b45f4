import { QueryClient } from "@tanstack/react-query";

/**
 * What the screens know of the server. Events say when something is to be read anew (`api/live.ts`), so nothing is read by a
 * clock. The SDK repeats calls that fail for a while; without a network a query fails, and its screen shows what it knew last.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 60_000, gcTime: 24 * 3_600_000, retry: false, networkMode: "always" },
    mutations: { retry: false, networkMode: "always" },
  },
});
