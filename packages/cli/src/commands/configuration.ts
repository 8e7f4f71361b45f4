import { readFileSync } from "node:fs";
import type { Configuration } from "@tillkeeper/contract/http/configurations";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { withClient } from "../api-client.ts";
import type { ClientFlags } from "../client-flags.ts";
import { columns } from "../columns.ts";

export interface NarrowFlags extends ClientFlags {
  model?: string;
  store?: string;
}

/** Creates a configuration from a JSON file. */
export async function setAction({ file, model, store, ...flags }: NarrowFlags & { file: string }): Promise<void> {
  const body = { ...narrowness({ model, store }), content: readObject(file) };
  const made = await withClient(flags, (client) => client.configurations.create(body));
  console.log(`Configuration ${made.version} holds for ${placeOf(made)}.`);
}

/** Prints the latest configurations. */
export async function listAction({ model, store, ...flags }: NarrowFlags): Promise<void> {
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

/** Withdraws a configuration. */
export async function withdrawAction(version: string, flags: ClientFlags): Promise<void> {
  const { version: taken } = await withClient(flags, (client) => client.configurations.withdraw(version));
  console.log(`Configuration ${taken} is withdrawn.`);
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
    // The error is not passed on: its text may quote a file that was named by mistake.
  }
  throw new StartupError(`${path} holds no configuration: it is not a JSON object.`);
}

function notRead(path: string, error: unknown): StartupError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartupError(`${path} cannot be read: ${why}.`, { cause: error });
}
