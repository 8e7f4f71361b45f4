import type { Clock } from "@tillkeeper/agent/clock";
import type { ResultMessage } from "@tillkeeper/contract/mqtt";
import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Fault } from "./faults.ts";

const silenceMs = 2 * 60 * 1000;
const simulatedFault: DeviceFault = { code: "simulated_fault", message: "The virtual terminal was told to break" };

/** What ails a virtual terminal beyond one operation: silence, and a fault that it reports. Forgotten when it restarts. */
export class InventedCondition {
  readonly #clock: Clock;
  readonly #alwaysSilent: boolean;
  /** Told when the fault begins or ends. */
  readonly #changed: () => void;
  #silentUntil = Number.NEGATIVE_INFINITY;
  #fault: DeviceFault | undefined;

  constructor(clock: Clock, alwaysSilent: boolean, changed: () => void) {
    this.#clock = clock;
    this.#alwaysSilent = alwaysSilent;
    this.#changed = changed;
  }

  get silent(): boolean {
    return this.#alwaysSilent || this.#clock.monotonic() < this.#silentUntil;
  }

  get fault(): DeviceFault | undefined {
    return this.#fault;
  }

  fallSilent(): void {
    this.#silentUntil = this.#clock.monotonic() + silenceMs;
  }

  /** An operation with that fault has its result. */
  answered({ operation, status }: ResultMessage, fault: Fault | "spent" | undefined): void {
    if (fault === "device_fault") this.#become(simulatedFault);
    else if (operation === "check_update" && status === "COMPLETED") this.#become(undefined);
  }

  mend(): void {
    this.#silentUntil = Number.NEGATIVE_INFINITY;
    this.#fault = undefined;
  }

  #become(fault: DeviceFault | undefined): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#changed();
  }
}
