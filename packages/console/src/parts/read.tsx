import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue } from "react";
import { Problem } from "./problem.tsx";
import { Waiting } from "./waiting.tsx";

interface ReadProps<Data> {
  of: Pick<UseQueryResult<Data>, "data" | "error"> & { refetch: () => unknown };
  /** How many grey lines stand there meanwhile. */
  lines?: number;
  children: (data: Data) => ReactNode;
}

/**
 * Shows what a query has read. Before that it shows that it waits, or why nothing came, with a button that asks again.
 * What came first is drawn in slices: while a long list is being made, the page still answers its user.
 */
export function Read<Data>({ of: { data: read, error, refetch }, lines, children }: ReadProps<Data>) {
  const isDrawn = useDeferredValue(read !== undefined);
  const data = isDrawn ? read : undefined;
  if (data !== undefined) return children(data);
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  return <Waiting {...(lines !== undefined && { lines })} />;
}
