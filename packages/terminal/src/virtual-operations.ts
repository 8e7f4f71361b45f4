import { createHash } from "node:crypto";
import type { OperationName, OperationResults } from "@tillkeeper/contract/operations";
import { type Clock, sleep, timestamp } from "./clock.ts";
import { type Fault, faultNames } from "./faults.ts";
import { inventedVersions } from "./invented-telemetry.ts";
import type { Completed, Failed, HandlerContext, Operation, OperationHandler, OperationHandlers } from "./operation.ts";
import { deviceError } from "./outcome.ts";
import { closeDay, type TerminalState } from "./terminal-state.ts";

const lateByMs = 2000;
const slowShare = 0.7;

const userAborted: Failed = { status: "FAILED", reason: "user_aborted" };
const hostUnreachable: Failed = { status: "FAILED", reason: "host_unreachable" };

export interface VirtualOperationsOptions {
  serialNumber: string;
  clock: Clock;
  /** Milliseconds an operation takes, by chance between the two; with 0 it is answered at once. */
  durationMs: { shortest: number; longest: number };
  faultOf: (operation: Operation) => Fault | "unknown" | undefined;
  nextLink: (signal: AbortSignal) => Promise<void>;
}

type Context = HandlerContext<TerminalState>;
type Act<Name extends OperationName> = (
  operation: Operation,
  context: Context,
) => Completed<OperationResults[Name], TerminalState>;

/** What a virtual terminal does when it is told to. */
export function virtualOperations(options: VirtualOperationsOptions): OperationHandlers<TerminalState> {
  const { serialNumber, clock } = options;
  const handler = <Name extends OperationName>(act: Act<Name>): OperationHandler<Name, TerminalState> => ({
    run: async (operation, context) => {
      await takeTime(options, operation, context);
      return failureOf(options, operation) ?? act(operation, context);
    },
    // Who closes a day must bring it to its end: the payment host may have closed it already.
    cancellable: (operation) => operation.operation !== "end_of_day" && options.faultOf(operation) !== "refuses_cancel",
  });
  return {
    end_of_day: handler((_, { state }) => ({ status: "COMPLETED", ...closeDay(serialNumber, state, clock.now()) })),
    send_logs: handler((operation) => {
      const log = inventedLog(serialNumber, operation, clock.now());
      const result = {
        log_id: `log-${operation.operation_id}`,
        size: Buffer.byteLength(log),
        sha256: createHash("sha256").update(log).digest("hex"),
      };
      return { status: "COMPLETED", result };
    }),
    check_update: handler(() => ({ status: "COMPLETED", result: inventedVersions(serialNumber) })),
    open_menu: handler(() => ({ status: "COMPLETED", result: { opened: true } })),
  };
}

/** Takes as long as the operation and its fault want; rejects when it is cancelled or the agent stops. */
async function takeTime(
  options: VirtualOperationsOptions,
  operation: Operation,
  { signal, cancelled, serverNow }: Context,
): Promise<void> {
  const { clock, durationMs, faultOf, nextLink } = options;
  const brokenOff = AbortSignal.any([signal, cancelled]);
  const createdAt = Date.parse(operation.created_at);
  const expiresAt = Date.parse(operation.expires_at);
  const until = (serverTime: number) => sleep(clock, serverTime - serverNow(), brokenOff);
  switch (faultOf(operation)) {
    case "late_answer":
      return until(expiresAt + lateByMs);
    case "slow":
    case "refuses_cancel":
      return until(createdAt + slowShare * (expiresAt - createdAt));
    case "restart":
      return untilAborted(brokenOff);
    case "disconnect":
      await nextLink(brokenOff);
      break;
    default:
  }
  const takesMs = durationMs.shortest + Math.random() * (durationMs.longest - durationMs.shortest);
  if (takesMs > 0) await sleep(clock, takesMs, brokenOff);
}

/** The answer that a fault puts in place of the usual one. */
function failureOf({ faultOf }: VirtualOperationsOptions, operation: Operation): Failed | undefined {
  switch (faultOf(operation)) {
    case "failure":
      return deviceError("simulated_failure", "The virtual terminal was told to fail");
    case "user_aborted":
      return userAborted;
    case "host_unreachable":
      return operation.operation === "end_of_day" ? hostUnreachable : undefined;
    case "unknown": {
      const message = `operator_id names no fault to simulate; known: ${faultNames.join(", ")}`;
      return { status: "FAILED", reason: "refused", error: { code: "unknown_fault", message } };
    }
    default:
      return undefined;
  }
}

/** Rejects with the signal's reason, and never resolves. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function inventedLog(serialNumber: string, operation: Operation, nowMs: number): string {
  const lines = ["boot", "network up", "paired", "payment application ready", `send_logs ${operation.operation_id}`];
  return lines
    .map((line, index) => `${timestamp(nowMs - (lines.length - index) * 1000)} ${serialNumber} ${line}\n`)
    .join("");
}
