import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import type { Completed, Failed, Operation, OperationHandlers } from "@tillkeeper/terminal/operation";
import type { AgentLine, Outcome } from "../checker/history.ts";
import type { HistoryFile } from "./history-file.ts";
import type { Work } from "./work.ts";

export interface HandlerSettings {
  terminalId: string;
  history: HistoryFile;
  /** What this terminal had written before it was started this time: what the device still knows after a crash. */
  earlier: AgentLine[];
  work: Work;
}

const breaksOff: ReadonlySet<OperationName> = new Set(["send_logs", "check_update"]);

type Answer = Completed<unknown, null> | Failed;

/**
 * Handlers that write down what they do, as it would show on a real device: a line before the work, and a line with what
 * came of it before the agent learns of it.
 */
export function recordingHandlers({ terminalId, history, earlier, work }: HandlerSettings): OperationHandlers<null> {
  const known = new Map(earlier.flatMap((line) => (line.type === "ended" ? [[line.operationId, line.outcome]] : [])));

  const end = (operationId: string, answer: Answer): Answer => {
    const { status } = answer;
    const outcome: Outcome =
      status === "COMPLETED"
        ? { status, result: answer.result }
        : { status, reason: answer.reason, ...(answer.error && { error: answer.error }) };
    history.write({ type: "ended", terminalId, operationId, at: Date.now(), outcome });
    return answer;
  };

  const handler = {
    run: async (
      operation: Operation,
      context: { signal: AbortSignal; cancelled?: AbortSignal; serverNow: () => number },
    ) => {
      const operationId = operation.operation_id;
      const { signal, cancelled, serverNow } = context;
      history.write({ type: "began", terminalId, operationId, at: Date.now() });
      try {
        return end(
          operationId,
          await work(operation, cancelled ? AbortSignal.any([signal, cancelled]) : signal, serverNow),
        );
      } catch (cause) {
        if (cancelled?.aborted) return end(operationId, { status: "FAILED", reason: "cancelled" });
        throw cause;
      }
    },
    recover: async ({ operation_id: operationId }: Operation) => {
      const outcome = known.get(operationId);
      if (outcome) return outcome as Answer;
      const error = { code: "interrupted", message: "The terminal's process was killed meanwhile" };
      return end(operationId, { status: "FAILED", reason: "device_error", error });
    },
  };
  // Half of the operations are of the kind that can be broken off.
  const kinds = operationNames.map((name) => [name, { ...handler, cancellable: breaksOff.has(name) }]);
  return Object.fromEntries(kinds) as OperationHandlers<null>;
}
