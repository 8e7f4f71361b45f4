import { createHash } from "node:crypto";
import type { OperationName, OperationResults } from "@tillkeeper/contract/operations";
import { type Clock, sleep, timestamp } from "./clock.ts";
import { type Fault, faultNames } from "./faults.ts";
import { numbersFrom } from "./invented-day.ts";
import type { Completed, Failed, HandlerContext, Operation, OperationHandler, OperationHandlers } from "./operation.ts";
import { deviceError } from "./outcome.ts";
import { closeDay, type TerminalState } from "./terminal-state.ts";

const lateByMs = 2000;
const slowShare = 0.7;

export interface VirtualOperationsOptions {
  serialNumber: string;
  clock: Clock;
  /** Milliseconds an operation takes, by chance between the two. */
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
    run: async (operation, context) => (await misbehave(options, operation, context)) ?? act(operation, context),
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
    check_update: handler(() => ({ status: "COMPLETED", result: versions(serialNumber) })),
    open_menu: handler(() => ({ status: "COMPLETED", result: { opened: true } })),
  };
}

/** Takes the time the operation takes, and the fault into account; a value is the answer instead of the usual one. */
async function misbehave(
  options: VirtualOperationsOptions,
  operation: Operation,
  { signal, serverNow }: Context,
): Promise<Failed | undefined> {
  const { clock, durationMs, faultOf, nextLink } = options;
  const fault = faultOf(operation);
  const window = Date.parse(operation.expires_at) - Date.parse(operation.created_at);
  const until = (serverTime: number) => sleep(clock, serverTime - serverNow(), signal);
  if (fault === "disconnect") await nextLink(signal);
  if (fault === "late_answer") await until(Date.parse(operation.expires_at) + lateByMs);
  else if (fault === "slow") await until(Date.parse(operation.created_at) + slowShare * window);
  else await sleep(clock, durationMs.shortest + Math.random() * (durationMs.longest - durationMs.shortest), signal);
  if (fault === "failure") return deviceError("simulated_failure", "The virtual terminal was told to fail");
  if (fault === "busy_payment") return { status: "FAILED", reason: "busy_payment" };
  if (fault !== "unknown") return undefined;
  const message = `operator_id names no fault to simulate; known: ${faultNames.join(", ")}`;
  return { status: "FAILED", reason: "refused", error: { code: "unknown_fault", message } };
}

/** One terminal in four, by its serial number, has an update waiting. */
function versions(serialNumber: string): OperationResults["check_update"] {
  const waiting = numbersFrom(`${serialNumber}:update`)() < 0.25;
  return {
    current_version: waiting ? "4.1.2" : "4.2.0",
    latest_version: "4.2.0",
    update_available: waiting,
    configuration_version: "1",
  };
}

function inventedLog(serialNumber: string, operation: Operation, nowMs: number): string {
  const lines = ["boot", "network up", "paired", "payment application ready", `send_logs ${operation.operation_id}`];
  return lines
    .map((line, index) => `${timestamp(nowMs - (lines.length - index) * 1000)} ${serialNumber} ${line}\n`)
    .join("");
}
