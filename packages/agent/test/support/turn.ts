import { setImmediate } from "node:timers/promises";

/** Lets everything happen that does not wait for time or for anybody. */
export async function turn(): Promise<void> {
  for (let index = 0; index < 3; index += 1) await setImmediate();
}
