import { type Clock, timestamp } from "@tillkeeper/agent/clock";
import type { Logger } from "@tillkeeper/agent/logger";

/** Little, because a process may play thousands of terminals. */
const mostLines = 50;
const mostCharacters = 300;

/** Remembers the last lines that went to a log, as text, and passes them on. */
export class RecentLines {
  readonly #clock: Clock;
  readonly #lines: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A logger in front of another one. */
  through(log: Logger): Logger {
    const noting = (level: keyof Logger) => (details: object, message: string) => {
      this.#note(level, details, message);
      log[level](details, message);
    };
    return {
      debug: (details, message) => log.debug(details, message),
      info: noting("info"),
      warn: noting("warn"),
      error: noting("error"),
    };
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  #note(level: string, details: object, message: string): void {
    const fields = JSON.stringify(details, (_, value) => (value instanceof Error ? value.message : value));
    const line = `${timestamp(this.#clock.now())} ${level} ${message} ${fields}`;
    this.#lines.push(line.slice(0, mostCharacters));
    if (this.#lines.length > mostLines) this.#lines.shift();
  }
}
