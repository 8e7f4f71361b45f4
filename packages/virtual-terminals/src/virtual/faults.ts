import type { OperationParameters } from "@tillkeeper/contract/operations";
import { type SimulatedFault, simulatedFaultNames } from "@tillkeeper/contract/simulated-faults";

export type Fault = SimulatedFault;
export const faultNames = simulatedFaultNames;

const firstFaultySerial = 901;

/** Returns the fault of all operations of a `SIMULATED-{aid}-NNN` terminal; undefined for other serial numbers. */
export function faultOfSerial(serialNumber: string): Fault | undefined {
  const number = /^SIMULATED-[PT]\d{8}-(\d{3})$/.exec(serialNumber)?.[1];
  return number === undefined ? undefined : faultNames[Number(number) - firstFaultySerial];
}

/**
 * Returns the fault that a command asks for by `operator_id` = `simulate:<fault>`; `unknown` for one that is not in the
 * table.
 */
export function faultOfCommand(parameters: OperationParameters): Fault | "unknown" | undefined {
  const asked = /^simulate:(.*)$/s.exec(parameters.operator_id ?? "")?.[1];
  if (asked === undefined) return undefined;
  return faultNames.find((name) => name === asked) ?? "unknown";
}
