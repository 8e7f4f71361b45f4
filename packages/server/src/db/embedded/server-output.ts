import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Logger } from "../../platform/log/log.ts";

const KEPT_LINES = 20;
const LINE = /^(?:\[(?<pid>\d+)\] )?(?<severity>[A-Z]+\d?): (?<text>.*)$/;
const WORTH_A_WARNING = new Set(["ERROR", "FATAL", "PANIC"]);

/** What `log_line_prefix` has to be for `forwardOutput`. */
export const LINE_PREFIX = "[%p] ";

/**
 * Forwards what PostgreSQL writes: errors as warnings, everything else for debugging.
 * Returns a function that gives the last lines, for the message when it does not start.
 */
export function forwardOutput(output: Readable, log: Logger): () => string {
  const last: string[] = [];
  createInterface({ input: output }).on("line", (line) => {
    last.push(line);
    if (last.length > KEPT_LINES) last.shift();
    const { pid, severity, text } = LINE.exec(line)?.groups ?? {};
    const fields = pid === undefined ? {} : { postgresPid: Number(pid) };
    if (severity !== undefined && WORTH_A_WARNING.has(severity))
      log.warn(fields, `PostgreSQL: ${severity}: ${text?.trim()}`);
    else log.debug(fields, `PostgreSQL: ${severity === undefined ? line : `${severity}: ${text?.trim()}`}`);
  });
  return () => last.map((line) => line.replace(/^\[\d+\] /, "").trim()).join(" ");
}
