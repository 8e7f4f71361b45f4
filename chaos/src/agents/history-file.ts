import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { AgentLine } from "../checker/history.ts";

/** Returns the complete lines of a file. It skips half a line, which a process leaves that is killed while writing. */
export function readHistory(path: string): AgentLine[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as AgentLine];
      } catch {
        return [];
      }
    });
}

/**
 * An append-only file of lines. When `write` returns, the kernel holds the line, so it survives the process. Power cuts
 * are not among the faults, so nothing is synced.
 */
export class HistoryFile {
  readonly #file: number;

  constructor(path: string) {
    // Ends the half line that a killed process may have left.
    appendFileSync(path, "\n");
    this.#file = openSync(path, "a");
  }

  write(line: AgentLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
