import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "@tillkeeper/terminal/agent";
import { claimFileJournal, type FileJournalOptions, openFileJournal } from "@tillkeeper/terminal/file-journal";
import type { Journal } from "@tillkeeper/terminal/journal";
import { openMqttConnection } from "@tillkeeper/terminal/mqtt-connection";
import type { OperationHandlers } from "@tillkeeper/terminal/operation";
import { recordingHandlers } from "./handlers.ts";
import { HistoryFile, readHistory } from "./history-file.ts";
import { withPayments } from "./payments.ts";
import { inventedWork } from "./work.ts";

/** What a process of terminals is told, in a JSON file that it reads at each start. */
export interface FleetSettings {
  mqttUrl: string;
  /** Of the journals. */
  folder: string;
  historyPath: string;
  terminals: { terminalId: string; address: string; password: string }[];
}

/** What the process tells whoever started it. */
export type FleetReport = { connected: number } | { outstanding: number };

const reportEveryMs = 100;
/** Quicker than the library's own, so that a run need not wait half a minute for the last repetition. */
const repeat = { firstMs: 1_000, longestMs: 5_000 };

/** Before the first start with new passwords: from then on a terminal without its journal is not started. */
export async function beginJournals({ folder, terminals }: FleetSettings): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Promise.all(
    terminals.map(({ terminalId, address }) => claimFileJournal(journalFile(folder, terminalId), address)),
  );
}

/**
 * Plays terminals until the process ends: real agents, with a journal in a file each. Reports how many are connected, and,
 * when asked, how many answers still wait for their receipt. Tests make a faulty device of it by `change`.
 */
export async function playTerminals(
  settingsPath: string,
  change: (handlers: OperationHandlers<null>) => OperationHandlers<null> = (handlers) => handlers,
): Promise<void> {
  const settings: FleetSettings = JSON.parse(readFileSync(settingsPath, "utf8"));
  const earlier = existsSync(settings.historyPath)
    ? Map.groupBy(readHistory(settings.historyPath), ({ terminalId }) => terminalId)
    : new Map<string, never>();
  const history = new HistoryFile(settings.historyPath);
  const connected = new Set<string>();
  const journals: Journal<null>[] = [];
  await Promise.all(
    settings.terminals.map(async ({ terminalId, address, password }) => {
      const journal = await openFileJournal(journalFile(settings.folder, terminalId), address);
      journals.push(journal);
      const agent = new Agent<null>({
        credential: { url: settings.mqttUrl, address, password },
        agentName: "tillkeeper-chaos",
        handlers: change(
          recordingHandlers({ terminalId, history, earlier: earlier.get(terminalId) ?? [], work: inventedWork }),
        ),
        journal,
        ...withPayments(),
        repeat,
        open: (connection) =>
          openMqttConnection({
            ...connection,
            events: {
              up: (session) => {
                connected.add(terminalId);
                connection.events.up(session);
              },
              down: () => {
                connected.delete(terminalId);
                connection.events.down();
              },
              message: (channel, payload) => connection.events.message(channel, payload),
            },
          }),
      });
      agent.start();
    }),
  );
  reportTo(connected, journals);
}

/** Replaced whole, as a journal must be; not synced, because killed processes, not power cuts, are among the faults. */
function journalFile(folder: string, terminalId: string): FileJournalOptions<null> {
  return {
    path: join(folder, `${terminalId}.json`),
    readState: () => null,
    initial: () => null,
    replace: async (target, text) => {
      writeFileSync(`${target}.new`, text);
      renameSync(`${target}.new`, target);
    },
  };
}

function reportTo(connected: ReadonlySet<string>, journals: readonly Journal<null>[]): void {
  const tell = (report: FleetReport) => {
    if (process.connected) process.send?.(report);
  };
  let told: number | undefined;
  setInterval(() => {
    if (told === connected.size) return;
    told = connected.size;
    tell({ connected: told });
  }, reportEveryMs);
  process.on("message", () => {
    const waiting = journals.map(({ log, held }) => log.countAfter(held) + log.begun.length);
    tell({ outstanding: waiting.reduce((sum, number) => sum + number, 0) });
  });
  // Whoever started this process is gone.
  process.on("disconnect", () => process.exit());
}
