import type { History } from "./history.ts";
import type { StoreDay } from "./store-days.ts";
import type { Truth } from "./terminal-truth.ts";

/** A case in which a promise was not kept. */
export interface Finding {
  law: string;
  storeId?: string;
  businessDay?: string;
  terminalId?: string;
  text: string;
}

/** What the laws look at. */
export interface Case {
  history: History;
  truth: Truth;
  days: readonly StoreDay[];
}
