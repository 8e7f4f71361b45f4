import { join } from "node:path";
import { afterEach } from "vitest";
import { Agent, type AgentOptions } from "../../src/agent.ts";
import type { Logger } from "../../src/logger.ts";
import { resumeFileJournal } from "../../src/memory/file-journal.ts";
import { memoryJournal } from "../../src/memory/journal.ts";
import type { OperationHandler } from "../../src/operations/operation.ts";
import { password } from "./broker.ts";
import { address, type Scene } from "./scene.ts";

export type Run = OperationHandler<"open_menu", null>["run"];

export const opened = { status: "COMPLETED", result: { opened: true } } as const;
/** A value for `repeat` with short pauses. */
export const quickly = { firstMs: 20, longestMs: 40 };

/** Starts agents whose `open_menu` is `run`, and stops them after each test. Call it after `useScene`. */
export function useAgents(scene: () => Scene): (run: Run, options?: Partial<AgentOptions<null>>) => Agent<null> {
  let agents: Agent<null>[] = [];

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    agents = [];
  });

  return (run, options = {}) => {
    const agent = new Agent<null>({
      credential: { url: scene().broker.url, address, password },
      agentName: "test/1",
      handlers: { open_menu: { run } },
      journal: memoryJournal(null),
      ...options,
    });
    agent.start();
    agents.push(agent);
    return agent;
  };
}

/** Opens the journal in the scene's folder. */
export function fileJournal({ folder }: Scene) {
  return resumeFileJournal({ path: join(folder, "journal.json"), initial: () => null, readState: () => null }, address);
}

/** Returns a logger, and the list of the messages that it gets. */
export function recordingLog() {
  const lines: string[] = [];
  const write = (_: object, message: string) => void lines.push(message);
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  return { lines, log };
}
