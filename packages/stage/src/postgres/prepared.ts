import { tmpdir } from "node:os";
import { openDatabase } from "@tillkeeper/server/db/open";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { asSuperuser, databaseUrl, type PostgresAddress } from "./own-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder for the compiled sources of the programs under test, which halves their start-up time. */
    compiled: string;
    /** The file of the root key. All servers of the run use it, because servers on one database share their key. */
    keyFile: string;
    /** A folder that is removed after the run. */
    scratch: string;
  }
}

const template = "tillkeeper_template";

/**
 * Creates a template database with this version's schema, because the run needs hundreds of copies. Resolves with its
 * name.
 */
export async function makeTemplate(postgres: PostgresAddress, owner: PostgresAddress): Promise<string> {
  await asSuperuser(postgres, `create database ${template} owner ${owner.user}`);
  const url = databaseUrl(owner, template);
  await (await openDatabase({ url, dataDir: tmpdir(), log: createLogger("silent") })).close();
  return template;
}
