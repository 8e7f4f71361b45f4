import { join } from "node:path";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import { deviceClock } from "./device-clock.ts";
import { terminalJournal } from "./state.ts";
import { credentialOf, VirtualTerminal, type VirtualTerminalOptions, type VirtualTerminalSpec } from "./terminal.ts";

export interface VirtualFleetOptions extends VirtualTerminalOptions {
  /**
   * The folder for each terminal's `<terminal_id>.json`; made when it is missing. Left out, nothing outlives the
   * process.
   */
  folder?: string;
}

/** Virtual terminals that are started and stopped by their terminal ids. */
export interface VirtualFleet {
  /**
   * Plays a terminal. Resolves when its journal is open and it begins to connect. A terminal that runs already stays as
   * it is, or connects again with the new credential; its journal goes on with another address. Rejects for a terminal
   * id that is no file name, for a damaged journal file and for a URL that is not MQTT.
   */
  start(spec: VirtualTerminalSpec): Promise<void>;
  /**
   * Closes the day by hand, as `VirtualTerminal.closeByHand` does; resolves with undefined also when it does not run.
   */
  closeByHand(terminalId: string): Promise<EndOfDayResult | undefined>;
  /** Ends one terminal cleanly; does nothing when it does not run. */
  stop(terminalId: string): Promise<void>;
  stopAll(): Promise<void>;
}

interface Running {
  spec: VirtualTerminalSpec;
  terminal: VirtualTerminal;
}

/** Makes a fleet of any number of virtual terminals in this process. Only the folder is shared with earlier runs. */
export function createVirtualFleet(options: VirtualFleetOptions): VirtualFleet {
  const running = new Map<string, Running>();
  const turns = new Map<string, Promise<void>>();

  // Calls for one terminal run one after another: two agents on one journal file would overwrite each other's entries.
  const inTurn = async (terminalId: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(terminalId) ?? Promise.resolve()).catch(() => {}).then(work);
    turns.set(terminalId, turn);
    try {
      await turn;
    } finally {
      if (turns.get(terminalId) === turn) turns.delete(terminalId);
    }
  };

  const end = async (terminalId: string) => {
    const ending = running.get(terminalId);
    running.delete(terminalId);
    await ending?.terminal.stop();
  };

  const begin = async (spec: VirtualTerminalSpec) => {
    const path = await pathOf(options.folder, spec.terminalId);
    const journal = terminalJournal(path, () => (options.clock ?? deviceClock(spec.time)).now());
    const downloads = path === undefined ? {} : { downloads: path.replace(/\.json$/, ".downloads") };
    const terminal = new VirtualTerminal(spec, journal, { ...options, ...downloads });
    await terminal.start();
    running.set(spec.terminalId, { spec, terminal });
  };

  return {
    start: (spec) =>
      inTurn(spec.terminalId, async () => {
        const known = running.get(spec.terminalId);
        if (known?.spec.serialNumber === spec.serialNumber) {
          if (!sameCredential(known.spec, spec)) {
            await known.terminal.use(credentialOf(spec));
            known.spec = spec;
          }
          return;
        }
        await end(spec.terminalId);
        await begin(spec);
      }),
    closeByHand: async (terminalId) => running.get(terminalId)?.terminal.closeByHand(),
    stop: (terminalId) => inTurn(terminalId, () => end(terminalId)),
    stopAll: async () => {
      const ids = new Set([...running.keys(), ...turns.keys()]);
      await Promise.all([...ids].map((id) => inTurn(id, () => end(id))));
    },
  };
}

function sameCredential(a: VirtualTerminalSpec, b: VirtualTerminalSpec): boolean {
  return a.mqttUrl === b.mqttUrl && a.address === b.address && a.password === b.password;
}

async function pathOf(folder: string | undefined, terminalId: string): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  if (!/^[A-Za-z0-9-]{1,64}$/.test(terminalId)) throw new Error(`Not a terminal id: ${JSON.stringify(terminalId)}`);
  await makeFolder(folder);
  return join(folder, `${terminalId}.json`);
}
