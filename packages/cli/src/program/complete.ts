import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/**
 * Adds a command that prints a script for a shell, and that answers the script's questions on what may come next: with
 * `name` "complete", `complete SHELL` and `complete -- WORDS`. To be called last: commands that are added afterwards are not completed.
 */
export function addCompletion(program: Command, name: string, describe: (command: Command) => Command): void {
  tab(program, { completionCommandName: name });
  for (const command of program.commands) if (command.name() === name) describe(command);
}
