import { AsyncLocalStorage } from "node:async_hooks";
import type { Db } from "./db.ts";

/** Whether this async context holds a turn; set for all code that the work calls. */
const current = new AsyncLocalStorage<{ held: boolean }>();

/**
 * Runs database work for a caller in its turn. `group` is the caller's account, or its network before it has
 * authenticated. However much one group requests, other groups wait for only a few pieces of its work. Every use of a
 * plain connection that a caller can cause goes through here. `work` may do nothing but database work.
 *
 * Throws `service_unavailable` when no turn comes in time. Throws a plain `Error` when the caller holds a turn already:
 * waiting for a second one could deadlock.
 */
export function inTurn<T>({ turns }: Pick<Db, "turns">, group: string, work: () => Promise<T>): Promise<T> {
  if (current.getStore()?.held) throw new Error("a turn of the database inside of another");
  return turns({ group, member: "" }, () => {
    const turn = { held: true };
    return current.run(turn, async () => {
      try {
        return await work();
      } finally {
        turn.held = false;
      }
    });
  });
}
