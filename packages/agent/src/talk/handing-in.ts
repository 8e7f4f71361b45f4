import { limits } from "@tillkeeper/contract/limits";
import { type ServerOptions, sendResults } from "../credentials/pairing.ts";
import type { Journal } from "../memory/journal.ts";

/**
 * Hands in what the server lacks of the log of a device that was replaced: it cannot connect any more, and nobody else knows
 * what it has done. To be called again now and then, also when all is told: the server's database may go back. Rejects with
 * `DeviceServerError`.
 */
export async function handIn(options: ServerOptions, journal: Journal<unknown>): Promise<void> {
  const { address } = journal;
  if (address === undefined) return;
  const { last } = journal.log;
  // To say the last again is to ask how far the server is.
  for (let from = Math.min(journal.held, last - 1); from < last; from = journal.held) {
    const results = journal.log.after(from, limits.longPollMessages);
    if (results.length === 0) return;
    const before = journal.held;
    const memory = await sendResults(options, address, results);
    journal.hold(memory.number);
    // Nothing is gained by saying the same again.
    if (memory.number === before) return;
  }
}
