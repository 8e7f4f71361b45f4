import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./client.ts";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./transport.ts";

/** Where the sandbox keeps its data, and what the client is to do otherwise than usual. */
export interface FromSandboxOptions extends Partial<ClientOptions> {
  /** The data folder of the sandbox. Default: `TILLKEEPER_DATA_DIR`, or else `data` below the working directory. */
  folder?: string;
}

/**
 * Creates a client of a sandbox, by the file `sandbox.json` that `npm start` and `tillkeeper sandbox` leave in their data folder. If
 * the environment has `TILLKEEPER_URL`, `TILLKEEPER_ACCOUNT`, `TILLKEEPER_CLIENT_ID` and `TILLKEEPER_CLIENT_SECRET`, they count in its
 * place, so that a program runs unchanged against another server. Throws when there is neither.
 */
export function fromSandbox({ folder, ...options }: FromSandboxOptions = {}): Client {
  return createClient({ ...((folder === undefined ? fromEnvironment() : undefined) ?? fromFile(folder)), ...options });
}

type Credentials = Pick<ClientOptions, "url" | "accountId" | "clientId" | "clientSecret">;

function fromEnvironment(): Credentials | undefined {
  const {
    TILLKEEPER_URL: url,
    TILLKEEPER_ACCOUNT: accountId,
    TILLKEEPER_CLIENT_ID: clientId,
    TILLKEEPER_CLIENT_SECRET: clientSecret,
  } = process.env;
  return url && accountId && clientId && clientSecret ? { url, accountId, clientId, clientSecret } : undefined;
}

function fromFile(folder = process.env["TILLKEEPER_DATA_DIR"] || "data"): Credentials {
  const path = join(folder, "sandbox.json");
  try {
    const file = JSON.parse(readFileSync(path, "utf8"));
    const { http_url: url, account_id: accountId, client_id: clientId, client_secret: clientSecret } = file;
    return { url, accountId, clientId, clientSecret };
  } catch (cause) {
    const message = `There is no sandbox at ${path}: start one with \`npx tillkeeper sandbox\`, or name another folder`;
    throw new Error(message, { cause });
  }
}
