import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** Prints an error on standard error: the message alone of a `StartupError`, which the operator can mend, else the stack. */
export function reportFailure(error: unknown): void {
  if (error instanceof StartupError) console.error(error.message);
  else console.error(error);
}
