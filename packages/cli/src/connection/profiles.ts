import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

type Environment = Readonly<Record<string, string | undefined>>;

/** A server's address, and a client of one of its accounts. */
export interface Credentials {
  url: string;
  accountId: string;
  clientId: string;
  clientSecret: string;
}

/** The servers that `login` knows, by name, and the one in use. */
export interface Profiles {
  current?: string;
  profiles: Readonly<Record<string, Credentials>>;
}

const onlyOwner = 0o077;

/** The file of profiles: `$XDG_CONFIG_HOME/tillkeeper/profiles.json`, below `~/.config` by default. */
export function profilesFile(env: Environment = process.env): string {
  return join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "tillkeeper", "profiles.json");
}

/** Reads the profiles; none without the file. Throws `StartupError` for a file that others may read, or that is none of ours. */
export function readProfiles(path = profilesFile()): Profiles {
  try {
    const mode = statSync(path).mode;
    if (process.platform !== "win32" && (mode & onlyOwner) !== 0) {
      throw new StartupError(`Others may read ${path}, which holds secrets. Mend that: chmod 600 ${path}`);
    }
    return checked(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (error instanceof StartupError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { profiles: {} };
    throw new StartupError(`The file of profiles cannot be read: ${path}.`, { cause: error });
  }
}

/** Writes the profiles: into a new file that only its owner can read, which then takes the place of the old one. */
export async function writeProfiles(profiles: Profiles, path = profilesFile()): Promise<void> {
  const folder = join(path, "..");
  const fresh = `${path}.${process.pid}.new`;
  try {
    await makeFolder(folder);
    rmSync(fresh, { force: true });
    // "wx": the file is made by this call, so no other process can have opened it before its mode was set.
    writeFileSync(fresh, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupError(`The profile cannot be kept: ${why}`, { cause: error });
  }
}

function checked(value: unknown): Profiles {
  const { current, profiles } = value as Profiles;
  for (const each of Object.values(profiles)) {
    const { url, accountId, clientId, clientSecret } = each;
    for (const text of [url, accountId, clientId, clientSecret]) if (typeof text !== "string") throw new TypeError();
  }
  return { ...(typeof current === "string" && { current }), profiles };
}
