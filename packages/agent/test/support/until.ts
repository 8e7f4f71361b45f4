import { vi } from "vitest";

/** Waits until the condition holds; fails with `what` after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const check = () => {
    if (!condition()) throw new Error(`Not within 10 s: ${what}`);
  };
  await vi.waitFor(check, { interval: 5 });
}
