import { ensureAcceptedUser } from "../access/people/accepted-users.ts";
import { insertLink, linkAddress } from "../access/people/links.ts";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";

/** The person of a sandbox. */
const person = {
  email: "sandbox@tillkeeper.example",
  name: "Sandbox",
  by: "tillkeeper:sandbox",
  requestId: "sandbox",
};

interface FirstUserDeps {
  db: Db;
  clock: Clock;
  accountId: string;
  /** The address of the server, which is that of its console. */
  httpUrl: string;
}

/**
 * Makes a link that lets one browser into the sandbox's console, once. The sandbox's user is made with the first one; where that
 * user was removed, there is no link.
 */
export async function makeSignInLink({ db, clock, accountId, httpUrl }: FirstUserDeps): Promise<string | undefined> {
  return retried(() =>
    db.sql.transaction().execute(async (tx) => {
      const userId = await ensureAcceptedUser(tx, clock, { accountId, ...person });
      if (userId === undefined) return undefined;
      const { token } = await insertLink(tx, clock, { accountId, userId, purpose: "sign_in" });
      return linkAddress(httpUrl, token);
    }),
  );
}
