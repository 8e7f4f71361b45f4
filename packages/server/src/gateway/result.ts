import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { ofAnotherPlace } from "../operations/reports/results.ts";
import type { Device } from "../terminals/record/devices.ts";
import { type RejectDeps, reject } from "./reject.ts";

/** Stores a result. The receipt is sent only after the commit, because it lets the terminal stop repeating. */
export async function handleResult(deps: RejectDeps, origin: Device, message: ResultMessage): Promise<void> {
  const { reports } = deps;
  const { operation_id: operationId } = message;
  const receipt = await reports.finished(origin, message);
  if (receipt && "ofAnother" in receipt) {
    await reject(deps, origin, "result", { places: [ofAnotherPlace], operationId });
    await deps.transport.publish(origin.address, "memory", { memory: receipt.memory });
  } else if (receipt) {
    await deps.transport.publish(origin.address, "receipt", receipt);
  }
}
