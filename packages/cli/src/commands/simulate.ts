import type { FaultMix } from "@tillkeeper/virtual-terminals/simulation/fault-mix";
import { readCredentials } from "../api-client.ts";
import type { ClientFlags } from "../client-flags.ts";
import { watchInterruption } from "../interruption.ts";
import { simulate } from "../simulate/run.ts";

export interface SimulateOptions extends ClientFlags {
  terminals: number;
  seed: string;
  perStore: number;
  faults: FaultMix;
  paymentsPerHour: number;
  speed: number;
  from: number;
  state?: string;
  minutes?: number;
  remove?: true;
  json?: true;
}

/** Runs a fleet of virtual terminals with customers and troubles, against any server. */
export async function runSimulation(flags: SimulateOptions): Promise<void> {
  const { from, state, minutes, remove, json, ...options } = flags;
  const target = readCredentials(options);
  const interruption = watchInterruption();
  const settings = { ...options, fromMs: from, state, minutes, remove: remove ?? false, json: json ?? false };
  await simulate(target, settings, interruption);
}
