import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { natsSetup } from "@tillkeeper/server/broker-access/nats/setup";
import { writePrivateFile } from "@tillkeeper/server/platform/private-file";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { Command } from "commander";

/** `tillkeeper broker nats-setup`: makes the keys by which NATS knows the terminals of this server. */
export function brokerCommand(): Command {
  const setup = new Command("nats-setup")
    .description("make new keys for NATS: one file for the servers, and one for the broker")
    .argument("<folder>", "where to write them")
    .action(setupAction);
  return new Command("broker").description("set up outside brokers, see docs/brokers.md").addCommand(setup);
}

function setupAction(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = join(folder, "nats-keys.json");
  const accounts = join(folder, "tillkeeper-accounts.conf");
  // With other keys, every terminal would be locked out.
  if (existsSync(keys)) throw new StartupError(`${keys} is there already; move it away to make new keys.`);
  const { keysFile, configuration } = natsSetup();
  writePrivateFile(keys, keysFile);
  writePrivateFile(accounts, configuration);
  console.log(
    [
      `${keys} is for the servers: name it in TILLKEEPER_NATS_KEYS_FILE. Whoever has it may be any terminal.`,
      `${accounts} is for the broker: put it beside nats-server.conf, which includes it.`,
    ].join("\n"),
  );
}
