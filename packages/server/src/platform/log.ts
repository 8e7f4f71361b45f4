import { type Logger, pino } from "pino";

export type { Logger } from "pino";

export type LogLevel = "silent" | "fatal" | "error" | "warn" | "info" | "debug" | "trace";

/** JSON lines on standard error, so that standard output stays free for what a command prints for people. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}
