import type { Clock } from "@tillkeeper/agent/clock";
import { type Credential, type OpenConnection } from "@tillkeeper/agent/links/connection";
import { type Logger } from "@tillkeeper/agent/logger";
import type { Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import { type Payments } from "@tillkeeper/agent/operations/payments";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { EndOfDayResult, OperationName } from "@tillkeeper/contract/operations";
import type { PutInTrade, TimedControls } from "@tillkeeper/contract/simulated-work";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { type DeviceTime } from "./device-clock.ts";
import { type Fault } from "./faults.ts";
import { type PaymentLength } from "./payments.ts";
import { type ClosedDay, type TerminalState } from "./state.ts";

/** A terminal to play, with its credential. */
export interface VirtualTerminalSpec extends Omit<Credential, "url"> {
  terminalId: string;
  serialNumber: string;
  mqttUrl: Credential["url"];
  /**
   * The terminal's model: releases for another model are not installed. Left out, the server's manifest names the
   * model.
   */
  deviceModel?: string;
  /** Returns the release keys that the terminal trusts; called at each check_update. Left out, it trusts none. */
  releaseKeys?: () => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>;
  /** The last close that the server knows. Its journal takes it over unless it has one as late. */
  lastClose?: EndOfDayResult | undefined;
  /** The time that its clock shows; left out, the machine's. */
  time?: DeviceTime;
  /** Names its registration; a journal of another one, with the same id, is not its own. Left out, every journal is. */
  life?: string;
  /** How it is made to behave; left out, as usual. */
  controls?: TimedControls;
  /** The trade that was put into its batches since the last close. */
  trade?: readonly PutInTrade[];
}

/** How a virtual terminal behaves. */
export interface VirtualTerminalOptions {
  clock?: Clock;
  log?: Logger;
  /** Milliseconds that an operation takes, a random number between the two; both 0 for load tests. */
  durationMs?: { shortest: number; longest: number };
  /** How long the payments of the fault `busy_payment` take. */
  payment?: PaymentLength;
  /** The fault of all its operations, in place of the serial number's; a command may still ask for another. */
  fault?: Fault;
  /** Operations that it cannot do: its hello leaves them out, and their commands are answered `unsupported`. */
  lacks?: readonly OperationName[];
  /** Whether it can name the batch that it closed last; left out, true, except with the fault `nameless`. */
  namesBatches?: boolean;
  open?: OpenConnection;
  /** As in `AgentOptions`. */
  repeat?: { firstMs: number; longestMs: number };
  /** The folder for downloads until they are installed; left out, a temporary folder. */
  downloads?: string;
  /** Parts of the device that the caller plays in place of the invented ones. */
  parts?: Partial<DeviceParts>;
}

/** The parts of a device that a virtual terminal invents. */
export interface DeviceParts {
  payments: Payments;
  /** Changes the result and the state of a close, made by an operation or by hand. */
  closed: (day: ClosedDay) => ClosedDay;
  /** Changes the handlers of the terminal. */
  operations: (usual: OperationHandlers<TerminalState>) => OperationHandlers<TerminalState>;
  /** Returns telemetry that overrides the invented telemetry. */
  telemetry: () => Telemetry;
  /** Returns a device fault, undefined without one. Call `reportSoon` when it begins and ends. */
  fault: () => DeviceFault | undefined;
  /** Returns the fault of an operation; called several times for each. A command may still ask for another. */
  faultOf: (operation: Operation) => Fault | undefined;
}

/** Returns the credential in a terminal's spec. */
export function credentialOf({
  mqttUrl: url,
  address,
  password,
  refused,
  memoryLost,
  whenOutdated,
  clientId,
  ca,
}: VirtualTerminalSpec): Credential {
  return {
    url,
    address,
    password,
    ...(refused && { refused }),
    ...(memoryLost && { memoryLost }),
    ...(whenOutdated && { whenOutdated }),
    ...(clientId !== undefined && { clientId }),
    ...(ca !== undefined && { ca }),
  };
}
