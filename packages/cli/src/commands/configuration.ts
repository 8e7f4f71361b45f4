import { readFileSync } from "node:fs";
import type { Configuration } from "@tillkeeper/contract/http/configurations";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { Command } from "commander";
import { type ClientFlags, withClient, withClientFlags } from "../api-client.ts";
import { columns } from "../columns.ts";

interface NarrowFlags extends ClientFlags {
  model?: string;
  store?: string;
}

/** `tillkeeper configuration`: what terminals are to be set to. */
export function configurationCommand(): Command {
  const set = narrowed(new Command("set"))
    .description("lay a configuration down; terminals get it with their next check_update")
    .requiredOption("--file <file>", "a JSON object; what is in it is between you and your terminals")
    .action(setAction);
  const list = narrowed(new Command("list")).description("list the latest configurations").action(listAction);
  const withdraw = withClientFlags(new Command("withdraw"))
    .description("take a configuration back: it holds for no terminal any more")
    .argument("<version>", "its version")
    .action(async (version: string, flags: ClientFlags) => {
      const { version: taken } = await withClient(flags, (client) => client.configurations.withdraw(version));
      console.log(`Configuration ${taken} is withdrawn.`);
    });
  const command = new Command("configuration").description("manage the configurations of terminals");
  for (const sub of [set, list, withdraw]) command.addCommand(sub);
  return command;
}

function narrowed(command: Command): Command {
  return withClientFlags(command)
    .option("--model <model>", "only for terminals of this model")
    .option("--store <id>", "only for terminals of this store");
}

async function setAction({ file, model, store, ...flags }: NarrowFlags & { file: string }): Promise<void> {
  const body = { ...narrowness({ model, store }), content: readObject(file) };
  const made = await withClient(flags, (client) => client.configurations.create(body));
  console.log(`Configuration ${made.version} holds for ${placeOf(made)}.`);
}

async function listAction({ model, store, ...flags }: NarrowFlags): Promise<void> {
  const query = { limit: 100, ...narrowness({ model, store }) };
  const { configurations } = await withClient(flags, (client) => client.configurations.list(query));
  if (configurations.length === 0) return console.log("There are no configurations.");
  console.log(
    columns(
      configurations.map((each) => [
        each.version,
        each.withdrawn_at ? "withdrawn" : "holds",
        each.created_at,
        placeOf(each),
      ]),
    ).join("\n"),
  );
}

function narrowness({ model, store }: { model: string | undefined; store: string | undefined }) {
  return { ...(model !== undefined && { device_model: model }), ...(store !== undefined && { store_id: store }) };
}

function placeOf({ device_model: model, store_id: store }: Configuration): string {
  const terminals = model === undefined ? "all terminals" : `${model} terminals`;
  return store === undefined ? terminals : `${terminals} of the store ${store}`;
}

function readObject(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw notRead(path, error);
    // Its text may quote a file that was not meant.
  }
  throw new StartupError(`${path} holds no configuration: it is not a JSON object.`);
}

function notRead(path: string, error: unknown): StartupError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartupError(`${path} cannot be read: ${why}.`, { cause: error });
}
