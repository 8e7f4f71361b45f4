import { join } from "node:path";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { PutInTrade, TimedControls } from "@tillkeeper/contract/simulated-work";
import { deviceClock } from "./device-clock.ts";
import { terminalJournal } from "./state.ts";
import { VirtualTerminal } from "./terminal.ts";
import { credentialOf, type VirtualTerminalOptions, type VirtualTerminalSpec } from "./terminal-options.ts";

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
  closeByHand(terminalId: string, once?: number): Promise<EndOfDayResult | undefined>;
  /** Whether a terminal runs here. */
  runs(terminalId: string): boolean;
  /** Makes a terminal behave in another way; resolves with false when it does not run. */
  control(terminalId: string, timed: TimedControls): Promise<boolean>;
  /** Puts a trade into a terminal's open batch, as `PutInTrades.putIn` does; resolves with false when it does not run. */
  putIn(
    terminalId: string,
    trade: Omit<PutInTrade, "atMs">,
    store: (atMs: number) => Promise<boolean>,
  ): Promise<boolean>;
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
    const journal = terminalJournal(path, () => (options.clock ?? deviceClock(spec.time)).now(), spec.life);
    const downloads = path === undefined ? {} : { downloads: path.replace(/\.json$/, ".downloads") };
    const terminal = new VirtualTerminal(spec, journal, { ...options, ...downloads });
    await terminal.start();
    running.set(spec.terminalId, { spec, terminal });
  };

  return {
    start: (spec) =>
      inTurn(spec.terminalId, async () => {
        const known = running.get(spec.terminalId);
        if (known?.spec.serialNumber === spec.serialNumber && known.spec.life === spec.life) {
          known.terminal.addTrade(spec.trade ?? []);
          if (spec.controls) known.terminal.control(spec.controls);
          if (!sameCredential(known.spec, spec)) {
            await known.terminal.use(credentialOf(spec));
            known.spec = spec;
          }
          return;
        }
        await end(spec.terminalId);
        await begin(spec);
      }),
    closeByHand: async (terminalId, once) => running.get(terminalId)?.terminal.closeByHand(once),
    runs: (terminalId) => running.has(terminalId),
    ...controlsOf(running, inTurn),
    stop: (terminalId) => inTurn(terminalId, () => end(terminalId)),
    stopAll: async () => {
      const ids = new Set([...running.keys(), ...turns.keys()]);
      await Promise.all([...ids].map((id) => inTurn(id, () => end(id))));
    },
  };
}

type InTurn = (terminalId: string, work: () => Promise<void>) => Promise<void>;

/** The part of a fleet that makes its terminals behave from outside. */
function controlsOf(running: ReadonlyMap<string, Running>, inTurn: InTurn): Pick<VirtualFleet, "control" | "putIn"> {
  return {
    control: async (terminalId, timed) => {
      let runs = false;
      // In turn: a start that is under way has read the controls before these.
      await inTurn(terminalId, async () => {
        const known = running.get(terminalId);
        runs = known !== undefined;
        known?.terminal.control(timed);
      });
      return runs;
    },
    putIn: async (terminalId, trade, store) => {
      const known = running.get(terminalId);
      await known?.terminal.putIn(trade, store);
      return known !== undefined;
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
