#!/usr/bin/env node
import { Command } from "commander";
import { accountCommand } from "./commands/account.ts";
import { agentCommand } from "./commands/agent.ts";
import { auditCommand } from "./commands/audit.ts";
import { backupCommand, restoreCommand } from "./commands/backup.ts";
import { checkAgentCommand } from "./commands/check-agent.ts";
import { clientCommand } from "./commands/client.ts";
import { configurationCommand } from "./commands/configuration.ts";
import { demoCommand } from "./commands/demo.ts";
import { keysCommand } from "./commands/keys.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { releaseCommand } from "./commands/release.ts";
import { restoredCommand } from "./commands/restored.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { serveCommand } from "./commands/serve.ts";
import { settingsCommand } from "./commands/settings.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { terminalCommand } from "./commands/terminal.ts";
import { reportFailure } from "./failure.ts";

// Whoever read our output has gone (`| head`, a closed terminal): no reason to end in disorder.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

const program = new Command("tillkeeper")
  .description("Manages fleets of payment terminals: stores, terminals and remote operations.")
  .showHelpAfterError()
  .addHelpText("after", "\nThe environment configures the server; `tillkeeper settings` lists what it may hold.");
for (const command of [
  sandboxCommand(),
  serveCommand(),
  migrateCommand(),
  accountCommand(),
  clientCommand(),
  terminalCommand(),
  keysCommand(),
  backupCommand(),
  restoreCommand(),
  restoredCommand(),
  settingsCommand(),
  auditCommand(),
  agentCommand(),
  checkAgentCommand(),
  releaseCommand(),
  configurationCommand(),
  demoCommand(),
  simulateCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
// Whatever a command has left open must not keep the process alive; by now there is nothing worth waiting for.
process.exit();
