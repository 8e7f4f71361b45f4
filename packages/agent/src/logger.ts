type Write = (details: object, message: string) => void;

/** The part of a pino logger that this package uses. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}

const nothing = () => {};

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
