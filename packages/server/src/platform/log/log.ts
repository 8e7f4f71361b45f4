import { type DestinationStream, type Logger, pino } from "pino";
import { withoutSecrets } from "./secrets.ts";

export type { Logger } from "pino";

export type LogLevel = "silent" | "fatal" | "error" | "warn" | "info" | "debug" | "trace";

/**
 * JSON lines on standard error, so that standard output stays free for what a command prints for people. Every line goes
 * through `withoutSecrets`.
 */
export function createLogger(level: LogLevel, to: DestinationStream = pino.destination(2)): Logger {
  const { isoTime } = pino.stdTimeFunctions;
  return pino({ level, base: null, timestamp: isoTime, hooks: { streamWrite: withoutSecrets } }, to);
}
