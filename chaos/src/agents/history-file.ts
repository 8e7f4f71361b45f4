import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { AgentLine } from "../checker/history.ts";

/** The lines that were written whole; a process that is killed while it writes leaves half a line, which says nothing. */
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
 * A file that lines are only ever added to. A line outlives the process as soon as `write` returns: it is the kernel's
 * then. Power cuts are not among the faults, so nothing is synced.
 */
export class HistoryFile {
  readonly #file: number;

  constructor(path: string) {
    // Ends the half line that a killed predecessor may have left.
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
