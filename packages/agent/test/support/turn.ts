import { setImmediate } from "node:timers/promises";

/** Lets all pending promises run that do not wait for a timer or another process. */
export async function turn(): Promise<void> {
  for (let index = 0; index < 3; index += 1) await setImmediate();
}
