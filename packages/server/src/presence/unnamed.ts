import { pause, type Worker } from "../platform/worker.ts";
import type { Device } from "../terminals/devices.ts";

const sayEveryMs = 5_000;

/**
 * Terminals that name no session promise no heartbeats. For as long as this server holds a connection of theirs it says
 * in their place that they are there: so a server that dies takes its word with it, as a terminal does.
 */
export class Unnamed {
  readonly #known = new Map<string, Device>();

  hello(device: Device, { unnamed }: { unnamed: boolean }): void {
    if (unnamed) this.#known.set(device.terminalId, device);
    else this.#known.delete(device.terminalId);
  }

  left(terminalId: string): void {
    this.#known.delete(terminalId);
  }

  /** Those that are connected. Forgets the others: a hello may be handled when its connection has ended already. */
  among(connected: () => Iterable<string>): Device[] {
    if (this.#known.size === 0) return [];
    const here = new Set(connected());
    for (const terminalId of this.#known.keys()) if (!here.has(terminalId)) this.#known.delete(terminalId);
    return [...this.#known.values()];
  }
}

/** `connected`: to this server; at an outside broker nobody is. */
export function unnamedWorker(
  presence: { speakFor(connected: () => Iterable<string>): void },
  connected: () => Iterable<string>,
): Worker {
  return {
    name: "presence.unnamed",
    backWithinMs: sayEveryMs,
    async run(signal) {
      while (!signal.aborted) {
        presence.speakFor(connected);
        await pause(sayEveryMs, signal);
      }
    },
  };
}
