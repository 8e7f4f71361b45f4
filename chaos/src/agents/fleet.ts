import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "@tillkeeper/agent/agent";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { claimFileJournal, type FileJournalOptions, openFileJournal } from "@tillkeeper/agent/memory/file-journal";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { StoredLog } from "@tillkeeper/agent/memory/result-log";
import type { OperationHandlers } from "@tillkeeper/agent/operations/operation";
import type { CommandMessage } from "@tillkeeper/contract/mqtt";
import type { AgentLine } from "../checker/history.ts";
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
  terminals: { terminalId: string; address: string; password: string; namesBatches: boolean }[];
}

/** What the process tells whoever started it. */
export interface FleetReport {
  connected: number;
}

/** How tests make a faulty device of it. */
export interface Spoiling {
  handlers?: (handlers: OperationHandlers<null>) => OperationHandlers<null>;
  /** What is made of a command before the agent sees it. */
  command?: (command: CommandMessage, journal: Journal<null>) => CommandMessage;
}

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
 * Plays terminals until the process ends: real agents, with a journal in a file each. Reports how many are connected.
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
      const past = earlier.get(terminalId) ?? [];
      const closes = new Set(past.flatMap((line) => (isClose(line) ? [line.operationId] : [])));
      const written = {
        write: (line: AgentLine) => {
          if (isClose(line)) closes.add(line.operationId);
          history.write(line);
        },
      };
      const agent = new Agent<null>({
        credential: { url: settings.mqttUrl, address, password },
        agentName: "tillkeeper-chaos",
        handlers: handlers(
          recordingHandlers({ terminalId, history: written, earlier: past, namesBatches, work: inventedWork }),
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
                // Before that the server may not know yet that it is there.
                if (channel === "welcome") connected.add(terminalId);
                const spoilt = () => Buffer.from(JSON.stringify(command(JSON.parse(String(payload)), journal)));
                connection.events.message(channel, channel === "command" ? spoilt() : payload);
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

/** Replaced whole, as a journal must be; not synced, because killed processes, not power cuts, are among the faults. */
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

/** What a terminal remembers at this moment, running or not. */
export async function readJournal(folder: string, terminalId: string): Promise<StoredLog> {
  return (JSON.parse(await readFile(journalPath(folder, terminalId), "utf8")) as { log: StoredLog }).log;
}

function journalPath(folder: string, terminalId: string): string {
  return join(folder, `${terminalId}.json`);
}

function report(connected: ReadonlySet<string>): void {
  let told: number | undefined;
  setInterval(() => {
    if (told === connected.size) return;
    told = connected.size;
    const said: FleetReport = { connected: told };
    if (process.connected) process.send?.(said);
  }, reportEveryMs);
  // Whoever started this process is gone.
  process.on("disconnect", () => process.exit());
}
