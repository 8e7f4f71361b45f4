import type { Closing, ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
import { errorColours } from "../colours.ts";
import { columns } from "../columns.ts";
import { liveWidth, say } from "../output/screen.ts";
import { rowOf } from "./terminal-row.ts";

const escape = "\u001B[";

/**
 * The terminals of a closing while it goes on, on standard error. At a terminal the same lines are written over; elsewhere a
 * line says each change. `end` takes written-over lines away: what came of it is printed by others.
 */
export class LiveRows {
  #lines = 0;
  readonly #told = new Map<string, string>();

  show(closing: Closing): void {
    const width = liveWidth();
    if (width === undefined) return this.#tell(closing.terminals);
    const rows = columns(closing.terminals.map(rowOf));
    // More lines than the screen has cannot be written over.
    const room = Math.max((process.stderr.rows ?? 24) - 2, 1);
    const shown = rows.length > room ? [...rows.slice(0, room - 1), `… and ${rows.length - room + 1} more`] : rows;
    const lines = [closing.text, ...shown].map((line, index) =>
      this.#paint(fitted(line, width - 1), closing.terminals[index - 1]),
    );
    this.#erase();
    process.stderr.write(`${lines.join("\n")}\n`);
    this.#lines = lines.length;
  }

  end(): void {
    this.#erase();
  }

  #erase(): void {
    if (this.#lines > 0) process.stderr.write(`${escape}${this.#lines}A${escape}0J`);
    this.#lines = 0;
  }

  #paint(line: string, terminal: ClosingTerminal | undefined): string {
    if (!terminal || !line.includes(terminal.state)) return line;
    return line.replace(terminal.state, paintState(terminal.state));
  }

  #tell(terminals: readonly ClosingTerminal[]): void {
    for (const terminal of terminals) {
      const line = rowOf(terminal)
        .filter((cell) => cell !== "")
        .join("  ");
      if (this.#told.get(terminal.terminal_id) === line) continue;
      this.#told.set(terminal.terminal_id, line);
      say(line);
    }
  }
}

function fitted(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

function paintState(state: ClosingTerminal["state"]): string {
  if (state === "failed") return errorColours.red(state);
  if (state === "waiting" || state === "unknown") return errorColours.yellow(state);
  return state === "not_needed" ? state : errorColours.green(state);
}
