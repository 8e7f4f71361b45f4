import { type Clock, sleep, timestamp } from "@tillkeeper/agent/clock";
import { uploadLog } from "@tillkeeper/agent/files/log-upload";
import type {
  CloseHandler,
  Completed,
  Failed,
  HandlerContext,
  Operation,
  OperationHandler,
  OperationHandlers,
} from "@tillkeeper/agent/operations/operation";
import { deviceError } from "@tillkeeper/agent/operations/outcome";
import { limits } from "@tillkeeper/contract/limits";
import type { OperationName, OperationResults } from "@tillkeeper/contract/operations";
import { type Fault, faultNames } from "./faults.ts";
import type { ClosedDay, TerminalState } from "./state.ts";

const lateByMs = 2000;
const slowShare = 0.7;

const userAborted: Failed = { status: "FAILED", reason: "user_aborted" };
const hostUnreachable: Failed = { status: "FAILED", reason: "host_unreachable" };

/** What the handlers of a virtual terminal need from it. */
export interface VirtualOperationsOptions {
  serialNumber: string;
  clock: Clock;
  /** Milliseconds that an operation takes, a random number between the two; with both 0 it is answered at once. */
  durationMs: { shortest: number; longest: number };
  faultOf: (operation: Operation) => Fault | "unknown" | undefined;
  /** Resolves at the next connection; rejects with the signal's reason. */
  nextLink: (signal: AbortSignal) => Promise<void>;
  /** Returns the last lines of the terminal's real log. */
  recentLog: () => string;
  checkUpdate: OperationHandler<"check_update", TerminalState>;
  closeDay: (state: TerminalState) => ClosedDay;
  /** Resolves when all trade is known that a close of now has to contain. */
  tradeSettled: () => Promise<void>;
  /** Undefined for a terminal that cannot name its last batch. */
  lastBatch: CloseHandler<TerminalState>["lastBatch"];
}

type Context = HandlerContext<TerminalState>;
type Perform<Name extends OperationName> = (
  operation: Operation,
  context: Context,
) => AnswerOf<Name> | Promise<AnswerOf<Name>>;
type AnswerOf<Name extends OperationName> = Completed<OperationResults[Name], TerminalState> | Failed;

/** Makes the handlers of a virtual terminal, one for each operation. */
export function virtualOperations(options: VirtualOperationsOptions): Required<OperationHandlers<TerminalState>> {
  const { serialNumber, clock, checkUpdate, closeDay, lastBatch, tradeSettled } = options;
  // Transfers depend on the network, so their handlers name no `maxSeconds`. A window is never shorter than the least
  // timeout.
  const maxSeconds = limits.operationTimeoutSecondsMin + Math.floor(options.durationMs.longest / 1000);
  const handler = <Name extends OperationName>(perform: Perform<Name>): OperationHandler<Name, TerminalState> => ({
    run: async (operation, context) => {
      await takeTime(options, operation, context);
      return failureOf(options, operation) ?? perform(operation, context);
    },
    // A running close must end: the payment host may have closed the batch already.
    cancellable: (operation) => operation.operation !== "end_of_day" && options.faultOf(operation) !== "refuses_cancel",
  });
  return {
    end_of_day: {
      ...handler<"end_of_day">(async (_, { state }) => {
        await tradeSettled();
        return { status: "COMPLETED", ...closeDay(state) };
      }),
      ...(lastBatch && { lastBatch }),
      maxSeconds,
    },
    send_logs: handler((operation, context) => {
      const log = `${inventedLog(serialNumber, clock.now())}${options.recentLog()}`;
      return uploadLog(operation, Buffer.from(log), context, { clock });
    }),
    check_update: handler((operation, context) => checkUpdate.run(operation, context)),
    open_menu: { ...handler<"open_menu">(() => ({ status: "COMPLETED", result: { opened: true } })), maxSeconds },
  };
}

/** Waits as long as the operation and its fault take; rejects when the operation is cancelled or the agent stops. */
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

/** Returns the outcome that a fault puts in place of the usual one; undefined without such a fault. */
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

/** A public test card number, so that the downloaded log shows that the server has masked it. */
const testCard = "4111 1111 1111 1111";
const inventedLines = [
  "boot",
  "network up",
  "paired",
  "payment application ready",
  `manual entry of card ${testCard}`,
  "payment approved",
];

/** Returns log lines from before the terminal's start. */
function inventedLog(serialNumber: string, nowMs: number): string {
  const at = (index: number) => timestamp(nowMs - 3_600_000 - (inventedLines.length - index) * 1000);
  return inventedLines.map((line, index) => `${at(index)} ${serialNumber} ${line}\n`).join("");
}
