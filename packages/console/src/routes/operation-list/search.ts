import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import { textOf } from "../../app/search.ts";
import { operationNames, operationStatuses } from "../../parts/operation-kinds.ts";

/** What the address says of the list: the filters. */
export interface OperationSearch {
  status?: OperationStatus;
  operation?: OperationName;
  terminal?: string;
}

/** Takes the filters from an address. What means nothing is left out, so that an old link still opens. */
export function operationSearch({ status, operation, terminal }: Record<string, unknown>): OperationSearch {
  const knownStatus = operationStatuses.find((one) => one === status);
  const knownOperation = operationNames.find((one) => one === operation);
  const terminalId = textOf(terminal);
  return {
    ...(knownStatus && { status: knownStatus }),
    ...(knownOperation && { operation: knownOperation }),
    ...(terminalId !== undefined && { terminal: terminalId }),
  };
}
