import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { Ending } from "../parts/ending.ts";
import { closeMany } from "./closings-many.ts";
import { closeOne } from "./closings-one.ts";
import { closingPages } from "./closings-pages.ts";

/** Measures closings: of one large store, of many stores at once, of stores that wait, and pages of those that ended. */
export async function closings(effort: Effort, closing: Closing): Promise<void> {
  for (const part of [closeOne, closeMany, closingPages]) {
    // What one part has started must not run beside the next.
    const own = new Ending();
    closing.add(() => own.close());
    try {
      await part(effort, own);
    } finally {
      await own.close();
    }
  }
}
