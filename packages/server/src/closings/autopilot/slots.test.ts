import { expect, it } from "vitest";
import { Slots } from "./slots.ts";

it("a caller that waits for slots goes on when as many are free", async () => {
  const slots = new Slots(3);
  await slots.untilFree(3);
  slots.take(3);
  const waited = stateOf(slots.untilFree(2));
  slots.free();
  expect(await waited()).toBe("waits");
  slots.free();
  expect(await waited()).toBe("goes on");
  // It does not go on a second time for the same slots.
  slots.take(2);
  const next = stateOf(slots.untilFree(1));
  expect(await next()).toBe("waits");
  slots.free();
  expect(await next()).toBe("goes on");
});

/** Says whether a promise has resolved, as soon as it can be known. */
function stateOf(promise: Promise<void>): () => Promise<string> {
  let state = "waits";
  void settle();
  return async () => {
    await new Promise((resolve) => void setImmediate(resolve));
    return state;
  };

  async function settle(): Promise<void> {
    await promise;
    state = "goes on";
  }
}
