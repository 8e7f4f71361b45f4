import { limits } from "@tillkeeper/contract/limits";
import { type ServerOptions, sendResults } from "../credentials/pairing.ts";
import type { Journal } from "../memory/journal.ts";

/**
 * Hands in the results that the server lacks from the log of a replaced device. Such a device cannot connect any more,
 * and only its journal knows what it has done. To be called now and then, also when the server has everything: its
 * database may be restored to an earlier state. Rejects with `DeviceServerError`.
 */
export async function handInResults(options: ServerOptions, journal: Journal<unknown>): Promise<void> {
  const { address } = journal;
  if (address === undefined) return;
  const { last } = journal.log;
  // Sends the last result at least: the answer says how far the server is.
  for (let from = Math.min(journal.held, last - 1); from < last; from = journal.held) {
    const results = journal.log.after(from, limits.longPollMessages);
    if (results.length === 0) return;
    const before = journal.held;
    const memory = await sendResults(options, address, results);
    journal.hold(memory.number);
    // The server took none of these results; sending them again changes nothing.
    if (memory.number === before) return;
  }
}
