import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { readSecretFile, withCheckedUrl } from "../api-client.ts";
import { openClient } from "../connection/open-client.ts";
import { type Credentials, profilesFile, readProfiles, writeProfiles } from "../connection/profiles.ts";
import { UsageError } from "../failure.ts";
import { ask } from "../output/ask.ts";
import { say } from "../output/screen.ts";
import { showJson, showList } from "../output/show.ts";

export interface LoginFlags {
  url?: string;
  account?: string;
  clientId?: string;
  clientSecretFile?: string;
}

const nameForm = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Tries a client's credentials and keeps them under a name. */
export async function loginAction(name: string, flags: LoginFlags): Promise<void> {
  if (!nameForm.test(name)) throw new UsageError("error: a name has letters, digits, dots and hyphens, 64 at most");
  const credentials = await askForCredentials(flags);
  await openClient(credentials).ask((client) => client.token());
  const { profiles } = readProfiles();
  await writeProfiles({ current: name, profiles: { ...profiles, [name]: credentials } });
  say(`${name}: ${credentials.accountId} at ${credentials.url}, in use from now on. Kept in ${profilesFile()}.`);
}

/** Chooses a profile, or lists them. */
export async function useAction(name: string | undefined, { none, json }: { none?: true; json?: true }): Promise<void> {
  const { current, profiles } = readProfiles();
  if (none) {
    await writeProfiles({ profiles });
    return say("None is in use: the sandbox of the folder is asked.");
  }
  if (name === undefined) {
    const list = Object.entries(profiles).map(([each, { url, accountId, clientId }]) => {
      return { name: each, in_use: each === current, url, account_id: accountId, client_id: clientId };
    });
    if (json) return showJson(list);
    return showList(
      list.map((each) => ({ ...each, in_use: each.in_use ? "yes" : "" })),
      ["name", "in_use", "account_id", "url"],
    );
  }
  const chosen = profiles[name];
  if (!chosen) throw unknownProfile(name, Object.keys(profiles));
  await writeProfiles({ current: name, profiles });
  say(`${name}: ${chosen.accountId} at ${chosen.url}`);
}

/** Forgets a profile. */
export async function logoutAction(given: string | undefined): Promise<void> {
  const { current, profiles } = readProfiles();
  const name = given ?? current;
  if (name === undefined) throw new StartupError("No profile is in use.");
  if (!profiles[name]) throw unknownProfile(name, Object.keys(profiles));
  const { [name]: _gone, ...rest } = profiles;
  await writeProfiles({ ...(current !== undefined && current !== name && { current }), profiles: rest });
  say(`${name} is forgotten. Its secret is still valid: \`tillkeeper clients delete-secret\` ends it.`);
}

function unknownProfile(name: string, known: readonly string[]): UsageError {
  const there = known.length === 0 ? "There is none yet." : `Known: ${known.join(", ")}.`;
  return new UsageError(`There is no profile ${name}. ${there}`);
}

async function askForCredentials(flags: LoginFlags): Promise<Credentials> {
  const { env } = process;
  const secret = flags.clientSecretFile === undefined ? undefined : readSecretFile(flags.clientSecretFile);
  const given = {
    url: flags.url ?? env["TILLKEEPER_URL"],
    accountId: flags.account ?? env["TILLKEEPER_ACCOUNT"],
    clientId: flags.clientId ?? env["TILLKEEPER_CLIENT_ID"],
    clientSecret: secret ?? env["TILLKEEPER_CLIENT_SECRET"],
  };
  const { url, accountId, clientId, clientSecret } = given;
  return withCheckedUrl({
    url: url || (await asked("Address of the server", "--url")),
    accountId: accountId || (await asked("Account", "--account")),
    clientId: clientId || (await asked("Client id", "--client-id")),
    clientSecret: clientSecret || (await asked("Client secret (not shown)", "--client-secret-file", { hidden: true })),
  });
}

function asked(what: string, flag: string, options?: { hidden: true }): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(`error: ${flag} is missing, or its setting in the environment`);
  return ask(what, options);
}
