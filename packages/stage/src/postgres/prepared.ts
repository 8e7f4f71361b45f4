import { tmpdir } from "node:os";
import { openDatabase } from "@tillkeeper/server/db/open";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { asSuperuser, databaseUrl, type PostgresAddress } from "./own-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the programs under test keep their compiled sources, so that each starts in half the time. */
    compiled: string;
    /** Where all servers of the run have their root key, because those on one database share it. */
    keyFile: string;
    /** A folder that is removed after the run. */
    scratch: string;
  }
}

const template = "tillkeeper_template";

/**
 * Makes a database of the owner with this version's schema, to be copied: hundreds of them are needed. Answers its name.
 */
export async function makeTemplate(postgres: PostgresAddress, owner: PostgresAddress): Promise<string> {
  await asSuperuser(postgres, `create database ${template} owner ${owner.user}`);
  const url = databaseUrl(owner, template);
  await (await openDatabase({ url, dataDir: tmpdir(), log: createLogger("silent") })).close();
  return template;
}
