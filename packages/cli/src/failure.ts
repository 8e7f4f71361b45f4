import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** Says on standard error what went wrong: what the operator can mend in its own words, all else with its stack. */
export function reportFailure(error: unknown): void {
  if (error instanceof StartupError) console.error(error.message);
  else console.error(error);
}
