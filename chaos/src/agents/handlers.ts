import type {
  Completed,
  Failed,
  LastBatch,
  Operation,
  OperationHandlers,
} from "@tillkeeper/agent/operations/operation";
import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import type { AgentLine, Outcome } from "../checker/history.ts";
import type { HistoryFile } from "./history-file.ts";
import type { Work } from "./work.ts";

export interface HandlerSettings {
  terminalId: string;
  history: Pick<HistoryFile, "write">;
  /** Lines that this terminal wrote before this start: what the device still knows after a crash. */
  earlier: AgentLine[];
  /** Whether the terminal can name the batch that it closed last. */
  namesBatches: boolean;
  work: Work;
}

const cancellableOperations: ReadonlySet<OperationName> = new Set(["send_logs", "check_update"]);

type Answer = Completed<unknown, null> | Failed;

/**
 * Returns handlers that record their executions, as a real device would show them. Each writes a line before the work,
 * and a line with the outcome before the agent gets it.
 */
export function recordingHandlers(settings: HandlerSettings): OperationHandlers<null> {
  const { terminalId, history, earlier, work, namesBatches } = settings;
  const known = new Map(earlier.flatMap((line) => (line.type === "ended" ? [[line.operationId, line.outcome]] : [])));
  let lastBatch = earlier.reduce<LastBatch | undefined>(
    (last, line) => (line.type === "ended" ? (batchOf(line.outcome) ?? last) : last),
    undefined,
  );

  const end = (operationId: string, answer: Answer): Answer => {
    const { status } = answer;
    const outcome: Outcome =
      status === "COMPLETED"
        ? { status, result: answer.result }
        : { status, reason: answer.reason, ...(answer.error && { error: answer.error }) };
    history.write({ type: "ended", terminalId, operationId, at: Date.now(), outcome });
    lastBatch = batchOf(outcome) ?? lastBatch;
    return answer;
  };

  const handler = {
    run: async (
      operation: Operation,
      context: { signal: AbortSignal; cancelled?: AbortSignal; serverNow: () => number },
    ) => {
      const operationId = operation.operation_id;
      const { signal, cancelled, serverNow } = context;
      const wish = operation.parameters.operator_id;
      history.write({
        type: "began",
        terminalId,
        operationId,
        at: Date.now(),
        operation: operation.operation,
        wish,
      });
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
    recover: async ({ operation_id: operationId, operation }: Operation) => {
      const outcome = known.get(operationId);
      if (outcome) return outcome as Answer;
      const error = { code: "interrupted", message: "The terminal's process was killed meanwhile" };
      const unknownEnd = operation === "end_of_day" && ({ unknown_end: true } as const);
      return end(operationId, { status: "FAILED", reason: "device_error", error, ...unknownEnd });
    },
  };
  // Half of the operations can be cancelled while they run.
  const kinds = operationNames.map((name) => [name, { ...handler, cancellable: cancellableOperations.has(name) }]);
  const handlers = Object.fromEntries(kinds) as OperationHandlers<null>;
  if (namesBatches && handlers.end_of_day) handlers.end_of_day.lastBatch = async () => lastBatch;
  return handlers;
}

/** Returns the batch that an outcome closed, if any. */
function batchOf({ result }: Outcome): LastBatch | undefined {
  const { batch_id } = (result ?? {}) as Partial<LastBatch>;
  return batch_id === undefined ? undefined : { batch_id };
}
