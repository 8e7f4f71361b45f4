import type { Clock } from "@tillkeeper/agent/clock";
import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Fault } from "./faults.ts";

const silenceMs = 2 * 60 * 1000;
const simulatedFault: DeviceFault = { code: "simulated_fault", message: "The virtual terminal was told to break" };

/**
 * The faults of a virtual terminal that outlast one operation: silence, and a reported device fault. A restart clears
 * both.
 */
export class VirtualCondition {
  readonly #clock: Clock;
  readonly #alwaysSilent: () => boolean;
  /** Called when the reported fault begins or ends. */
  readonly #changed: () => void;
  #silentUntil = Number.NEGATIVE_INFINITY;
  #fault: DeviceFault | undefined;

  constructor(clock: Clock, alwaysSilent: () => boolean, changed: () => void) {
    this.#clock = clock;
    this.#alwaysSilent = alwaysSilent;
    this.#changed = changed;
  }

  /** Whether heartbeats and answers to probes are withheld now. */
  get silent(): boolean {
    return this.#alwaysSilent() || this.#clock.monotonic() < this.#silentUntil;
  }

  get fault(): DeviceFault | undefined {
    return this.#fault;
  }

  /** Begins a silence of two minutes. */
  fallSilent(): void {
    this.#silentUntil = this.#clock.monotonic() + silenceMs;
  }

  /** To be called for each result, with the fault of its operation. */
  answered({ operation, status }: ResultMessage, fault: Fault | "spent" | undefined): void {
    if (fault === "device_fault") this.#setFault(simulatedFault);
    else if (operation === "check_update" && status === "COMPLETED") this.#setFault(undefined);
  }

  /** Clears everything, as a restart does; `changed` is not called. */
  mend(): void {
    this.#silentUntil = Number.NEGATIVE_INFINITY;
    this.#fault = undefined;
  }

  #setFault(fault: DeviceFault | undefined): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#changed();
  }
}
