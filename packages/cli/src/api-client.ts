import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@tillkeeper/sdk";
import { clientSettings } from "@tillkeeper/server/config/client-settings";
import { readConfigured } from "@tillkeeper/server/platform/folders/configured-file";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { ClientFlags } from "./client-flags.ts";
import { openClient } from "./connection/open-client.ts";
import type { Credentials } from "./connection/profiles.ts";
import { UsageError } from "./failure.ts";

type Environment = Record<string, string | undefined>;

/** Runs `work` with a client of a server. Throws `StartupError`, with one sentence, for a request that the server refuses. */
export async function withClient<T>(
  flags: ClientFlags,
  work: (client: Client) => Promise<T>,
  env: Environment = process.env,
): Promise<T> {
  return await openClient(readCredentials(flags, env)).ask(work);
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
  return readSecretFile(path);
}

/** The secret in the file of `--client-secret-file`; `-` is standard input. Throws `StartupError`. */
export function readSecretFile(path: string): string {
  const secret = readConfigured("--client-secret-file", path === "-" ? "/dev/stdin" : path).trim();
  if (secret === "") throw new StartupError(`There is no secret in ${path} (--client-secret-file).`);
  return secret;
}

/** The same credentials. Throws `UsageError` for an address that no server can have. */
export function withCheckedUrl(credentials: Credentials): Credentials {
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
