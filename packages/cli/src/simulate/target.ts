import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import type { ClientOptions } from "@tillkeeper/sdk/client";
import { readConfig } from "@tillkeeper/server/config";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** Who is to be simulated for, as it was asked for; all of it or nothing. */
export interface TargetOptions {
  url?: string;
  account?: string;
  clientId?: string;
  clientSecret?: string;
}

/** The account that was named, or the sandbox's own. Throws `StartupError` when there is neither. */
export function findTarget({ url, account, clientId, clientSecret }: TargetOptions): ClientOptions {
  if (url !== undefined && account !== undefined && clientId !== undefined && clientSecret !== undefined) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      throw new StartupError("--url must be the address of a server, http:// or https://.");
    }
    return { url: withoutTrailingSlashes(url), accountId: account, clientId, clientSecret };
  }
  if ([url, account, clientId, clientSecret].some((given) => given !== undefined)) {
    throw new StartupError("--url, --account, --client-id and --client-secret belong together.");
  }
  return readSandbox(join(readConfig(process.env).dataDir, "sandbox.json"));
}

function readSandbox(path: string): ClientOptions {
  try {
    const {
      http_url: url,
      account_id: accountId,
      client_id: clientId,
      client_secret: clientSecret,
    } = JSON.parse(readFileSync(path, "utf8"));
    for (const value of [url, accountId, clientId, clientSecret]) if (typeof value !== "string") throw new Error();
    return { url, accountId, clientId, clientSecret };
  } catch (cause) {
    throw new StartupError(
      `There is no sandbox in ${path}. Start one with \`tillkeeper sandbox\`, or name a server with --url, --account, --client-id and --client-secret.`,
      { cause },
    );
  }
}
