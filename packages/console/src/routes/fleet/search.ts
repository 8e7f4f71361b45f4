import { type TerminalStatus, terminalStatuses } from "@tillkeeper/contract/terminal-status";
import { textOf } from "../../app/search.ts";

/** What the address says of the list: the filters. */
export interface FleetSearch {
  status?: TerminalStatus;
  search?: string;
}

/** Takes the filters from an address. What means nothing is left out, so that an old link still opens. */
export function fleetSearch({ status, search }: Record<string, unknown>): FleetSearch {
  const known = terminalStatuses.find((one) => one === status);
  const text = textOf(search);
  return {
    ...(known && { status: known }),
    ...(text !== undefined && { search: text }),
  };
}
