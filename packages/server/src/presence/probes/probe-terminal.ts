import type { ProbeOutcome } from "@tillkeeper/contract/http/presence";
import { getLivePresence, type ReadingDeps } from "../reading/reading.ts";
import type { Probes } from "./probes.ts";

/** Probes a terminal and answers within three seconds. Throws `terminal_not_found`. */
export async function probeTerminal(
  deps: ReadingDeps & { probes: Pick<Probes, "ask"> },
  accountId: string,
  terminalId: string,
): Promise<ProbeOutcome> {
  const before = await getLivePresence(deps, accountId, terminalId);
  const { reachable, sent, roundTripMs } = await deps.probes.ask({ accountId, terminalId });
  const presence = await getLivePresence(deps, accountId, terminalId).catch(() => before);
  if (reachable) return { reachable, ...(roundTripMs !== undefined && { round_trip_ms: roundTripMs }), presence };
  // An outside broker accepts every probe, so the terminal's own messages decide whether it is connected.
  const lateOnALink = presence.status === "late" && presence.next_expected_at !== undefined;
  const connected = sent && (presence.status === "online" || lateOnALink);
  return { reachable, reason: connected ? "no_answer" : "not_connected", presence };
}
