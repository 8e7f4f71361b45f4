import type { OperationName, OperationStatus, operationKinds } from "@tillkeeper/contract/operations";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";

/**
 * The lists that the console needs of the contract's table of operations. Their types are the table's, so that a difference does not
 * compile; the table itself has all schemas with it, and would be a twentieth of the first screen.
 */
type AcceptedIn = { readonly [Name in OperationName]: (typeof operationKinds)[Name]["acceptedIn"] };

const acceptedIn: AcceptedIn = {
  end_of_day: ["ACTIVE", "INACTIVE", "ERROR"],
  send_logs: ["ACTION_REQUIRED", "ACTIVE", "INACTIVE", "ERROR"],
  check_update: ["ACTION_REQUIRED", "ACTIVE", "INACTIVE", "ERROR"],
  open_menu: ["ACTION_REQUIRED", "ACTIVE", "INACTIVE", "ERROR"],
};
const statuses: Readonly<Record<OperationStatus, true>> = {
  PENDING: true,
  COMPLETED: true,
  FAILED: true,
  TIMEOUT: true,
};

export const operationNames = Object.keys(acceptedIn) as readonly OperationName[];
export const operationStatuses = Object.keys(statuses) as readonly OperationStatus[];

/** The operations that a terminal accepts in this status. */
export function operationsAllowed(status: TerminalStatus): OperationName[] {
  return operationNames.filter((name) => acceptedIn[name].some((known) => known === status));
}
