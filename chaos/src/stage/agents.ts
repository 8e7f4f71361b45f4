import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoredLog } from "@tillkeeper/agent/memory/result-log";
import { Program } from "@tillkeeper/stage/processes/program";
import { beginJournals, type FleetReport, type FleetSettings, readJournal } from "../agents/fleet.ts";
import { Service } from "./process.ts";

const ownProgram = fileURLToPath(new URL("../children/agents.ts", import.meta.url));

export interface AgentsSettings {
  name: string;
  folder: string;
  mqttUrl: string;
  /** Path of the program that plays the terminals; tests replace it by a faulty program. */
  program?: string | undefined;
}

/** A process that plays terminals. */
export class Agents {
  readonly name: string;
  readonly service: Service;
  readonly historyPath: string;
  readonly #settingsPath: string;
  readonly #settings: AgentsSettings;
  /** Number of connected terminals, by the process's last report; 0 while it is down. */
  connected = 0;
  #fleet: FleetSettings | undefined;

  constructor(settings: AgentsSettings) {
    const { name, folder, program = ownProgram } = settings;
    this.name = name;
    this.#settings = settings;
    this.historyPath = join(folder, `${name}.history.jsonl`);
    this.#settingsPath = join(folder, `${name}.json`);
    const log = openSync(join(folder, `${name}.log`), "a");
    this.service = new Service(name, () => {
      const playing = new Program([process.execPath, program, this.#settingsPath], {
        stdio: ["ignore", log, log, "ipc"],
        group: true,
      });
      playing.child.on("message", (report: FleetReport) => {
        this.connected = report.connected;
      });
      void playing.ended.finally(() => {
        this.connected = 0;
      });
      return playing;
    });
  }

  /** Sets the terminals that the process plays from its next start on, and creates their journals. */
  async use(terminals: FleetSettings["terminals"]): Promise<void> {
    const { name, folder, mqttUrl } = this.#settings;
    const settings: FleetSettings = {
      mqttUrl,
      folder: join(folder, `${name}.journals`),
      historyPath: this.historyPath,
      terminals,
    };
    await beginJournals(settings);
    writeFileSync(this.#settingsPath, JSON.stringify(settings));
    this.#fleet = settings;
  }

  get terminals(): number {
    return this.#fleet?.terminals.length ?? 0;
  }

  /** Reads the journals of all its terminals. */
  async journals(): Promise<{ terminalId: string; address: string; log: StoredLog }[]> {
    const { terminals = [], folder = "" } = this.#fleet ?? {};
    return Promise.all(
      terminals.map(async ({ terminalId, address }) => ({
        terminalId,
        address,
        log: await readJournal(folder, terminalId),
      })),
    );
  }
}
