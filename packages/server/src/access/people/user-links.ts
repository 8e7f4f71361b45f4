import type { User, UserCreate, UserLink, UserLinkCreate } from "@tillkeeper/contract/http/users";
import { roleScopes } from "@tillkeeper/contract/roles";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import type { PowerfulCaller } from "../../platform/http/route.ts";
import { mailAddressFault } from "../../platform/mail-address.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import type { Maker } from "../accounts/accounts.ts";
import { type Actor, recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant } from "../auth/live-grant.ts";
import type { GeneratedSecret } from "../auth/secrets/secrets.ts";
import { requireCovered } from "../clients/covered-scopes.ts";
import { insertLink, linkAddress } from "./links.ts";
import { createIn, findUser, type UserDeps } from "./users.ts";

/** Mails links to the persons whom they let in. */
export interface LinkMails {
  /** The id of a mail to come, and the token of its link. */
  begin(): { id: string; token: GeneratedSecret };
  /** Writes the mail, in the transaction that makes the link. Throws `too_many_requests`. */
  write(
    tx: Tx,
    mail: {
      id: string;
      accountId: string;
      /** An address without fault. */
      email: string;
      language: NonNullable<User["language"]>;
      purpose: UserLinkCreate["purpose"];
    },
  ): Promise<void>;
}

export interface UserLinkDeps extends UserDeps {
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
  /** Left out: this server sends no mail. */
  linkMails?: LinkMails | undefined;
}

/**
 * Makes a link for a user, and mails it if that is wanted; the answer is the only one that shows it. Throws `user_not_found`,
 * `scope_not_held`, `user_not_active`, `invalid_request`, `too_many_requests`.
 */
export function createUserLink(
  deps: UserLinkDeps,
  caller: PowerfulCaller,
  id: string,
  { purpose, mail = false }: UserLinkCreate,
): Promise<UserLink> {
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const row = await findUser(tx, live.accountId, id, { lock: true });
    requireCovered(live, roleScopes[row.role]);
    const active = row.accepted_at !== null;
    if (active && purpose === "invitation") {
      throw invalidRequest({ path: "/body/purpose", message: "must be reset: the user has accepted the invitation" });
    }
    if (!active && purpose === "reset") {
      throw new ApiError("user_not_active", "The user has not accepted the invitation yet.", {
        errors: [{ path: "/body/purpose", message: "must be invitation" }],
      });
    }
    if (!mail) return linkIn(tx, deps, live, { id, purpose });
    const mails = requireMail(deps, row.email);
    const { id: mailId, token } = mails.begin();
    const link = await linkIn(tx, deps, live, { id, purpose, token, mailedTo: row.email });
    const { accountId } = live;
    await mails.write(tx, { id: mailId, accountId, email: row.email, language: row.language ?? "en", purpose });
    return { ...link, mailed_to: row.email };
  });
}

/** Throws `invalid_request` where this server sends no mail, or none to such an address. */
function requireMail({ linkMails }: Pick<UserLinkDeps, "linkMails">, email: string): LinkMails {
  const path = "/body/mail";
  if (!linkMails) {
    throw invalidRequest({ path, message: "must be left out: this server sends no mail (TILLKEEPER_SMTP_URL)" });
  }
  const fault = mailAddressFault(email);
  if (fault !== undefined) throw invalidRequest({ path, message: `must be left out: the user's address ${fault}` });
  return linkMails;
}

interface NewLink {
  id: string;
  purpose: UserLinkCreate["purpose"];
  /** Left out: any. */
  token?: GeneratedSecret;
  /** The address to which the link is mailed; left out, it is not. */
  mailedTo?: string;
}

async function linkIn(
  tx: Tx,
  { clock, ownUrl }: Pick<UserLinkDeps, "clock" | "ownUrl">,
  actor: Actor,
  { id, purpose, mailedTo, ...given }: NewLink,
): Promise<UserLink> {
  const wanted = { accountId: actor.accountId, userId: id, purpose, ...given };
  const { token, expiresAt } = await insertLink(tx, clock, wanted);
  const after = { purpose, expires_at: documentedTime(expiresAt), ...(mailedTo && { mailed_to: mailedTo }) };
  await recordChange(tx, clock, actor, { action: "user.link", subject: { type: "user", id }, after });
  return { link: linkAddress(ownUrl(), token), expires_at: after.expires_at };
}

/**
 * Makes a user and the link that invites the person, for the operator of the server. Only this answer shows the link.
 * Throws `account_not_found`, `user_exists`, `invalid_request`.
 */
export function addUser(
  deps: UserLinkDeps,
  maker: Maker,
  { accountId, ...input }: UserCreate & { accountId: string },
): Promise<User & UserLink> {
  const actor = { ...maker, accountId };
  return inTenant(deps.db, accountId, async (tx) => {
    const accounts = tx.selectFrom("accounts").select("account_id").where("account_id", "=", accountId);
    const account = await accounts.executeTakeFirst();
    if (!account) throw new ApiError("account_not_found", `There is no account ${accountId}.`);
    const user = await createIn(tx, deps.clock, actor, input);
    return { ...user, ...(await linkIn(tx, deps, actor, { id: user.id, purpose: "invitation" })) };
  });
}
