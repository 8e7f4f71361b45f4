import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@tillkeeper/sdk/client";
import { TillkeeperError } from "@tillkeeper/sdk/error";
import { clientSettings } from "@tillkeeper/server/config";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { Command } from "commander";

/** How to reach a server, as options of a command; what is left out comes from the environment, or from the sandbox. */
export interface ClientFlags {
  url?: string;
  clientId?: string;
  clientSecret?: string;
  account?: string;
}

interface Credentials {
  url: string;
  clientId: string;
  clientSecret: string;
  accountId: string;
}

type Environment = Record<string, string | undefined>;

/** Gives a command the options that `withClient` reads. */
export function withClientFlags(command: Command): Command {
  return command
    .option("--url <url>", "where the server answers (or TILLKEEPER_URL)")
    .option("--client-id <id>", "the client that asks (or TILLKEEPER_CLIENT_ID)")
    .option("--client-secret <secret>", "its secret (or TILLKEEPER_CLIENT_SECRET, which no list of processes shows)")
    .option("--account <id>", "the account (or TILLKEEPER_ACCOUNT)")
    .addHelpText("after", "\nWithout any of them it asks the sandbox whose data folder is here.");
}

/** Works on a server as its client. Throws `StartupError` with one sentence for what the server refuses. */
export async function withClient<T>(
  flags: ClientFlags,
  work: (client: Client) => Promise<T>,
  env: Environment = process.env,
): Promise<T> {
  const credentials = readCredentials(flags, env);
  try {
    return await work(createClient(credentials));
  } catch (error) {
    if (error instanceof TillkeeperError) throw new StartupError(sentenceOf(error), { cause: error });
    if (error instanceof TypeError && error.message === "fetch failed") {
      throw new StartupError(`The server at ${credentials.url} cannot be reached.`, { cause: error });
    }
    throw error;
  }
}

function readCredentials(flags: ClientFlags, env: Environment): Credentials {
  const given = {
    url: flags.url ?? env["TILLKEEPER_URL"],
    clientId: flags.clientId ?? env["TILLKEEPER_CLIENT_ID"],
    clientSecret: flags.clientSecret ?? env["TILLKEEPER_CLIENT_SECRET"],
    accountId: flags.account ?? env["TILLKEEPER_ACCOUNT"],
  };
  const { url, clientId, clientSecret, accountId } = given;
  if (url && clientId && clientSecret && accountId) return checked({ url, clientId, clientSecret, accountId });
  // Half of one place and half of another would be a mistake that is hard to see.
  if (Object.values(given).some((value) => value)) {
    throw new StartupError(
      `All four are needed, or none: ${Object.keys(clientSettings).join(", ")}, or their options.`,
    );
  }
  return readSandbox(join(env["TILLKEEPER_DATA_DIR"] || "data", "sandbox.json"));
}

function checked(credentials: Credentials): Credentials {
  if (URL.canParse(credentials.url) && /^https?:/.test(credentials.url)) return credentials;
  throw new StartupError(`This is no address of a server: ${credentials.url}.`);
}

function readSandbox(path: string): Credentials {
  try {
    const file = JSON.parse(readFileSync(path, "utf8"));
    return {
      url: file.http_url,
      clientId: file.client_id,
      clientSecret: file.client_secret,
      accountId: file.account_id,
    };
  } catch (error) {
    const names = Object.keys(clientSettings).join(", ");
    throw new StartupError(`There is no sandbox at ${path}; name a server by ${names}, or by their options.`, {
      cause: error,
    });
  }
}

function sentenceOf({ message, errors }: TillkeeperError): string {
  return [message, ...errors.map((place) => `  ${place.path}: ${place.message}`)].join("\n");
}
