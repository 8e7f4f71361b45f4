import { type ReactNode, startTransition, useEffect, useState } from "react";

/** What stands below the first lines of a screen: drawn in a turn of its own after them, so that a slow phone answers in between. */
export function Afterwards({ children }: { children: ReactNode }) {
  const [drawn, setDrawn] = useState(false);
  useEffect(() => startTransition(() => setDrawn(true)), []);
  return drawn && children;
}
