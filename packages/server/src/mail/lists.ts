import { isDeepStrictEqual } from "node:util";
import type { AccountMailInput } from "@tillkeeper/contract/http/mail";
import type { AccountMail, MailRecipient, MailStanding } from "@tillkeeper/contract/http/mail-schemas";
import { recordChange } from "../access/audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { invalidRequest } from "../platform/errors.ts";
import { type Caller, requireExpected } from "../platform/http/route.ts";
import { mailKey } from "../platform/mail-address.ts";
import { recipientFaults } from "../platform/mail-recipients.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { findEndings, findList, lockList, writeList } from "./queries.ts";

export interface ListDeps {
  db: Db;
  clock: Clock;
  standing: ShowMail;
}

/** Says why no mail is sent to a list of addresses, and which of their readers have ended it. */
export type ShowMail = (tx: Tx, accountId: string, mailTo: readonly MailRecipient[]) => Promise<MailStanding>;

const offBecause = "This server sends no mail: its operator has not set TILLKEEPER_SMTP_URL.";

/** Makes the function for a server that sends mail or does not. */
export function createShowMail(sends: boolean): ShowMail {
  return async (tx, accountId, mailTo) => {
    const ended = await findEndings(
      tx,
      accountId,
      mailTo.map(({ address }) => mailKey(address)),
    );
    return {
      ...(!sends && { off_because: offBecause }),
      ...(ended.length > 0 && {
        ended: ended.map(({ address, ended_at: at }) => ({ address, ended_at: documentedTime(at) })),
      }),
    };
  };
}

/** Who is told of the days of all stores of an account. */
export function getAccountMail({ db, standing }: ListDeps, accountId: string): Promise<AccountMail> {
  return inTenant(db, accountId, async (tx) => {
    const mailTo = await findList(tx, accountId);
    return { mail_to: mailTo, mail: await standing(tx, accountId, mailTo) };
  });
}

/** Sets who is told. Throws `invalid_request`. */
export function replaceAccountMail(
  { db, clock, standing }: ListDeps,
  caller: Caller,
  { mail_to: mailTo }: AccountMailInput,
): Promise<AccountMail> {
  const { accountId } = caller;
  const faults = recipientFaults(mailTo, "/body/mail_to");
  if (faults.length > 0) throw invalidRequest(...faults);
  return inTenant(db, accountId, async (tx) => {
    const known = await lockList(tx, accountId);
    requireExpected(caller, { mail_to: known, mail: {} });
    if (!isDeepStrictEqual(known, mailTo)) {
      await writeList(tx, accountId, mailTo);
      const subject = { type: "account", id: accountId };
      const [before, after] = [{ mail_to: known }, { mail_to: mailTo }];
      await recordChange(tx, clock, caller, { action: "closing_mail.configure", subject, before, after });
    }
    return { mail_to: mailTo, mail: await standing(tx, accountId, mailTo) };
  });
}
