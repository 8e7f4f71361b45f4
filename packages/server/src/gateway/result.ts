import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { ofAnotherPlace } from "../operations/reports/results.ts";
import { type MessageOrigin, type RejectDeps, reject } from "./reject.ts";

/** Stores a result. The receipt is sent only after the commit, because it lets the terminal stop repeating. */
export async function handleResult(deps: RejectDeps, origin: MessageOrigin, message: ResultMessage): Promise<void> {
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
