import { type DestinationStream, type Logger, pino } from "pino";
import { boundedTroubles } from "./bounded.ts";
import { withoutSecrets } from "./secrets.ts";

export type { Logger } from "pino";

export type LogLevel = "silent" | "fatal" | "error" | "warn" | "info" | "debug" | "trace";

const warn = pino.levels.values["warn"] as number;

/**
 * JSON lines on standard error, so that standard output stays free for what a command prints for people. Every line
 * goes through `withoutSecrets`.
 */
export function createLogger(level: LogLevel, to: DestinationStream = pino.destination(2)): Logger {
  const { isoTime } = pino.stdTimeFunctions;
  const leftOutBefore = boundedTroubles();
  return pino(
    {
      level,
      base: null,
      timestamp: isoTime,
      hooks: {
        streamWrite: withoutSecrets,
        logMethod([fields, ...text], write, number) {
          const isTrouble = number >= warn && typeof fields === "object" && fields !== null;
          const leftOut = isTrouble ? leftOutBefore(fields, String(text[0])) : 0;
          if (leftOut === undefined) return;
          const shown = leftOut > 0 ? { ...(fields as object), left_out: leftOut } : fields;
          write.apply(this, [shown, ...text] as Parameters<typeof write>);
        },
      },
    },
    to,
  );
}
