import type { UserCreate } from "@tillkeeper/contract/http/users";
import { endTotpOfPerson } from "@tillkeeper/server/access/people/totp";
import { addUser } from "@tillkeeper/server/access/people/user-links";
import { type Config, readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { ApiError } from "@tillkeeper/server/platform/errors";
import { ownAddresses } from "@tillkeeper/server/platform/own-addresses";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { cliActor } from "../cli-actor.ts";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";
import { UsageError } from "../failure.ts";

export interface AddOptions extends Pick<UserCreate, "role" | "language"> {
  account: string;
  store?: string[];
  name?: string;
  url?: string;
}

/** Makes a person a user of an account, in the database itself. A server may be running on it. */
export async function addAction(email: string, options: AddOptions): Promise<void> {
  const { account: accountId, role, store: stores, name = email, language, url } = options;
  if ((role === "store") !== (stores !== undefined)) {
    throw new UsageError("--store names the stores of the role store, which has at least one, and of no other.");
  }
  const config = readConfig(process.env);
  const ownUrl = url ?? addressOf(config);
  const wanted = { accountId, email, name, role, ...(stores && { stores }), ...(language && { language }) };
  const user = await withDatabase(config, async (db) =>
    addUser({ db, clock: await DatabaseClock.open(db.urgent), ownUrl: () => ownUrl }, cliActor, wanted),
  ).catch((error: unknown) => {
    throw storeFault(error, stores) ?? error;
  });
  const facts = [
    ["Account", accountId],
    ["User", user.id],
    ["Link", user.link],
    ["Works until", user.expires_at],
  ];
  console.log(
    [...columns(facts), "", "The link is shown this once, and works once: hand it to the person."].join("\n"),
  );
}

/** Ends a person's authenticator in the database itself, also of a person with several accounts. A server may be running on it. */
export async function endTotpAction(email: string): Promise<void> {
  const accounts = await withDatabase(readConfig(process.env), async (db) =>
    endTotpOfPerson({ db, clock: await DatabaseClock.open(db.urgent) }, cliActor, email),
  );
  if (!accounts) throw new StartupError(`No person with the e-mail address ${email} has an authenticator.`);
  console.log(
    [
      `The authenticator of ${email} has ended, and so have all sessions. The password alone signs the person in.`,
      `The audit log of each account says so: ${accounts.join(", ")}.`,
    ].join("\n"),
  );
}

/** What a refusal says of the stores, by the names that were given. */
function storeFault(error: unknown, stores: readonly string[] = []): StartupError | undefined {
  const { cause } = error as { cause?: unknown };
  const places = cause instanceof ApiError ? cause.errors.map(({ path }) => path) : [];
  const unknown = stores.filter((_store, index) => places.includes(`/body/stores/${index}`));
  return unknown.length > 0
    ? new StartupError(`The account has no store ${unknown.join(", ")}.`, { cause: error })
    : undefined;
}

/** Where people reach the server by its settings. Throws `UsageError` where these do not say it. */
function addressOf(config: Config): string {
  const addresses = ownAddresses(config);
  const { number } = config.http.port;
  if (config.publicUrl === undefined && number === 0) {
    throw new UsageError(
      "Where people reach the server is not known: set TILLKEEPER_PUBLIC_URL, or name it with --url.",
    );
  }
  addresses.listening(number);
  return addresses.url();
}
