import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { Device } from "../terminals/record/devices.ts";
import { type RejectDeps, reject } from "./reject.ts";

/** Stores a result. The receipt is sent only after the commit, because it lets the terminal stop repeating. */
export async function handleResult(deps: RejectDeps, origin: Device, message: ResultMessage): Promise<void> {
  const { reports } = deps;
  const { operation_id: operationId } = message;
  const receipt = await reports.finished(origin, message);
  if (receipt && "ofAnother" in receipt) {
    const places = [
      { path: "/operation", message: "is not the operation that the command with this operation_id was" },
    ];
    await reject(deps, origin, "result", { places, operationId });
    await deps.transport.publish(origin.address, "memory", { memory: receipt.memory });
  } else if (receipt) {
    await deps.transport.publish(origin.address, "receipt", receipt);
  }
}
