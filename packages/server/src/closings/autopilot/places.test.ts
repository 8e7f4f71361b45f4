import { expect, it } from "vitest";
import { Places } from "./places.ts";

it("whoever waits for places goes on when as many are free", async () => {
  const places = new Places(3);
  await places.untilFree(3);
  places.take(3);
  let isFree = false;
  const waited = places.untilFree(2).then(() => {
    isFree = true;
  });
  places.free();
  await Promise.resolve();
  expect(isFree).toBe(false);
  places.free();
  await waited;
  expect(isFree).toBe(true);
  // It does not go on a second time for the same places.
  places.take(2);
  const next = places.untilFree(1).then(() => "free");
  expect(await Promise.race([next, Promise.resolve("none")])).toBe("none");
  places.free();
  expect(await next).toBe("free");
});
