import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, ConnectionError, createClient, TillkeeperError } from "@tillkeeper/sdk";
import { clientSettings } from "@tillkeeper/server/config/settings";
import { readConfigured } from "@tillkeeper/server/platform/folders/configured-file";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { ClientFlags } from "./client-flags.ts";
import { UsageError } from "./failure.ts";

/** A server's address, and a client of one of its accounts. */
export interface Credentials {
  url: string;
  clientId: string;
  clientSecret: string;
  accountId: string;
}

type Environment = Record<string, string | undefined>;

/** Runs `work` with a client of a server. Throws `StartupError`, with one sentence, for a request that the server refuses. */
export async function withClient<T>(
  flags: ClientFlags,
  work: (client: Client) => Promise<T>,
  env: Environment = process.env,
): Promise<T> {
  const credentials = readCredentials(flags, env);
  try {
    // Somebody waits in front of the screen, and sees at once what is wrong.
    return await work(createClient({ ...credentials, maxRetries: 0 }));
  } catch (error) {
    if (error instanceof ConnectionError) {
      throw new StartupError(`The server at ${credentials.url} cannot be reached.`, { cause: error });
    }
    if (error instanceof TillkeeperError) throw new StartupError(sentenceOf(error), { cause: error });
    throw error;
  }
}

/** The server and the client's credentials: from the flags, else the environment, else the sandbox. Throws `StartupError`. */
export function readCredentials(flags: ClientFlags, env: Environment = process.env): Credentials {
  const given = {
    url: flags.url ?? env["TILLKEEPER_URL"],
    clientId: flags.clientId ?? env["TILLKEEPER_CLIENT_ID"],
    clientSecret: readSecret(flags) ?? env["TILLKEEPER_CLIENT_SECRET"],
    accountId: flags.account ?? env["TILLKEEPER_ACCOUNT"],
  };
  const { url, clientId, clientSecret, accountId } = given;
  if (url && clientId && clientSecret && accountId) return withCheckedUrl({ url, clientId, clientSecret, accountId });
  // Two values from the flags and two from the sandbox would be a mistake that is hard to see.
  if (Object.values(given).some((value) => value)) {
    throw new UsageError(`All four are needed, or none: ${Object.keys(clientSettings).join(", ")}, or their options.`);
  }
  return readSandbox(join(env["TILLKEEPER_DATA_DIR"] || "data", "sandbox.json"));
}

function readSecret({ clientSecret, clientSecretFile: path }: ClientFlags): string | undefined {
  if (path === undefined) return clientSecret;
  if (clientSecret !== undefined) {
    throw new UsageError("Give the secret once: by --client-secret-file or by --client-secret.");
  }
  const secret = readConfigured("--client-secret-file", path === "-" ? "/dev/stdin" : path).trim();
  if (secret === "") throw new StartupError(`There is no secret in ${path} (--client-secret-file).`);
  return secret;
}

function withCheckedUrl(credentials: Credentials): Credentials {
  if (URL.canParse(credentials.url) && /^https?:/.test(credentials.url)) return credentials;
  throw new UsageError(`This is no address of a server: ${credentials.url}.`);
}

function readSandbox(path: string): Credentials {
  try {
    const {
      http_url: url,
      account_id: accountId,
      client_id: clientId,
      client_secret: clientSecret,
    } = JSON.parse(readFileSync(path, "utf8"));
    for (const value of [url, accountId, clientId, clientSecret]) if (typeof value !== "string") throw new Error();
    return { url, accountId, clientId, clientSecret };
  } catch (error) {
    const names = Object.keys(clientSettings).join(", ");
    throw new StartupError(
      `There is no sandbox at ${path}. Start one with \`tillkeeper sandbox\`, or name a server by ${names}, or by their options.`,
      { cause: error },
    );
  }
}

function sentenceOf({ message, errors }: TillkeeperError): string {
  return [message, ...errors.map((place) => `  ${place.path}: ${place.message}`)].join("\n");
}
