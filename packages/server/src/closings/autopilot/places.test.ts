import { expect, it } from "vitest";
import { Places } from "./places.ts";

it("whoever waits for places goes on when as many are free", async () => {
  const places = new Places(3);
  await places.untilFree(3);
  places.take(3);
  const waited = stateOf(places.untilFree(2));
  places.free();
  expect(await waited()).toBe("waits");
  places.free();
  expect(await waited()).toBe("goes on");
  // It does not go on a second time for the same places.
  places.take(2);
  const next = stateOf(places.untilFree(1));
  expect(await next()).toBe("waits");
  places.free();
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
