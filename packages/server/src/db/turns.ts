import { AsyncLocalStorage } from "node:async_hooks";
import type { Db } from "./db.ts";

/** Set while a turn is held, also in what it has called. */
const current = new AsyncLocalStorage<{ held: boolean }>();

/**
 * Runs database work for a caller in its turn. `group` is the caller's account, or its network where it has shown no account.
 * However much a group asks for at once, others wait for a few pieces of its work, not for all. Every use of a plain
 * connection that a caller can cause goes through here. `work` does nothing but database work.
 *
 * Throws `service_unavailable` when no turn comes in time, and an error of the program when the caller holds a turn already:
 * work that waits for another turn while it holds one could wait for itself.
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
