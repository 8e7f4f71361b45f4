import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "@tillkeeper/agent/agent";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { claimFileJournal, type FileJournalOptions, openFileJournal } from "@tillkeeper/agent/memory/file-journal";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { StoredLog } from "@tillkeeper/agent/memory/result-log";
import type { OperationHandlers } from "@tillkeeper/agent/operations/operation";
import type { CommandMessage } from "@tillkeeper/contract/mqtt/messages";
import type { AgentLine } from "../checker/history.ts";
import { recordingHandlers } from "./handlers.ts";
import { HistoryFile, readHistory } from "./history-file.ts";
import { withPayments } from "./payments.ts";
import { inventedWork } from "./work.ts";

/** Settings of a process that plays terminals, from a JSON file that the process reads at each start. */
export interface FleetSettings {
  mqttUrl: string;
  /** Folder of the journals. */
  folder: string;
  historyPath: string;
  terminals: { terminalId: string; address: string; password: string; namesBatches: boolean }[];
}

/** IPC message to the parent process: how many terminals are connected. */
export interface FleetReport {
  connected: number;
}

/** Hooks with which tests make the terminals faulty. */
export interface Spoiling {
  /** Wraps the handlers of a terminal before its agent starts. */
  handlers?: (handlers: OperationHandlers<null>) => OperationHandlers<null>;
  /** Changes a command before the agent receives it. */
  command?: (command: CommandMessage, journal: Journal<null>) => CommandMessage;
}

const reportEveryMs = 100;
/** Shorter than the library's delays, so that a run need not wait half a minute for the last repetition. */
const repeat = { firstMs: 1_000, longestMs: 5_000 };

/** Creates the journals, before the first start with new passwords: a terminal without its journal does not start. */
export async function beginJournals({ folder, terminals }: FleetSettings): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Promise.all(
    terminals.map(({ terminalId, address }) => claimFileJournal(journalFile(folder, terminalId), address)),
  );
}

/**
 * Plays terminals until the process ends: real agents, each with a journal in a file. Reports to the parent process how
 * many are connected.
 */
export async function playTerminals(
  settingsPath: string,
  { handlers = (sound) => sound, command = (sound) => sound }: Spoiling = {},
): Promise<void> {
  const settings: FleetSettings = JSON.parse(readFileSync(settingsPath, "utf8"));
  const earlier = existsSync(settings.historyPath)
    ? Map.groupBy(readHistory(settings.historyPath), ({ terminalId }) => terminalId)
    : new Map<string, never>();
  const history = new HistoryFile(settings.historyPath);
  const connected = new Set<string>();
  await Promise.all(
    settings.terminals.map(async ({ terminalId, address, password, namesBatches }) => {
      const journal = await openFileJournal(journalFile(settings.folder, terminalId), address);
      const earlierLines = earlier.get(terminalId) ?? [];
      const closes = new Set(earlierLines.flatMap((line) => (isClose(line) ? [line.operationId] : [])));
      const recorder = {
        write: (line: AgentLine) => {
          if (isClose(line)) closes.add(line.operationId);
          history.write(line);
        },
      };
      const agent = new Agent<null>({
        credential: { url: settings.mqttUrl, address, password },
        agentName: "tillkeeper-chaos",
        handlers: handlers(
          recordingHandlers({ terminalId, history: recorder, earlier: earlierLines, namesBatches, work: inventedWork }),
        ),
        receipted: (operationId) => {
          if (closes.has(operationId)) history.write({ type: "held", terminalId, operationId, at: Date.now() });
        },
        journal,
        ...withPayments(),
        repeat,
        open: (connection) =>
          openMqttConnection({
            ...connection,
            events: {
              up: (session) => connection.events.up(session),
              down: () => {
                connected.delete(terminalId);
                connection.events.down();
              },
              message: (channel, payload) => {
                // Before its welcome the server may not know that the terminal is connected.
                if (channel === "welcome") connected.add(terminalId);
                const changed = () => Buffer.from(JSON.stringify(command(JSON.parse(String(payload)), journal)));
                connection.events.message(channel, channel === "command" ? changed() : payload);
              },
            },
          }),
      });
      agent.start();
    }),
  );
  report(connected);
}

function isClose(line: AgentLine): boolean {
  return line.type === "began" && line.operation === "end_of_day";
}

/** A journal file is replaced as a whole by rename. It is not synced: the faults kill processes but cut no power. */
function journalFile(folder: string, terminalId: string): FileJournalOptions<null> {
  return {
    path: journalPath(folder, terminalId),
    readState: () => null,
    initial: () => null,
    replace: async (target, text) => {
      writeFileSync(`${target}.new`, text);
      renameSync(`${target}.new`, target);
    },
  };
}

/** Reads a terminal's journal from its file; the terminal may be running. */
export async function readJournal(folder: string, terminalId: string): Promise<StoredLog> {
  return (JSON.parse(await readFile(journalPath(folder, terminalId), "utf8")) as { log: StoredLog }).log;
}

function journalPath(folder: string, terminalId: string): string {
  return join(folder, `${terminalId}.json`);
}

function report(connected: ReadonlySet<string>): void {
  let reported: number | undefined;
  setInterval(() => {
    if (reported === connected.size) return;
    reported = connected.size;
    const message: FleetReport = { connected: reported };
    if (process.connected) process.send?.(message);
  }, reportEveryMs);
  // The parent process has ended.
  process.on("disconnect", () => process.exit());
}
