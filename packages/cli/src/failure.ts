import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** Exit code for a command line that cannot be meant; what was refused or has failed ends with 1. */
export const usageExitCode = 2;

/** Exit codes of commands with more than one outcome, or with an unknown one. */
export const partlyExitCode = 3;
export const unknownExitCode = 4;

/** An option holds what it cannot hold, or does not go with another one. The message is one sentence. */
export class UsageError extends StartupError {}

/**
 * Prints an error on standard error: the message alone of a `StartupError`, which the operator can mend, else the stack.
 * Sets the exit code.
 */
export function reportFailure(error: unknown): void {
  if (error instanceof StartupError) console.error(error.message);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? usageExitCode : 1;
}
