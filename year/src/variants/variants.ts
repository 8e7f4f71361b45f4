import type { Edit } from "./edits.ts";

/** A server that is broken on purpose, and a law of the checker that must notice it. */
export interface Variant {
  name: string;
  about: string;
  edits: readonly Edit[];
}

const closings = "packages/server/src/closings";

export const variants: readonly Variant[] = [];
export const _ = closings;
