import { createHmac } from "node:crypto";
import type { Language } from "@tillkeeper/words/languages";
import { linkMailWords, linkSentence, linkSubject } from "@tillkeeper/words/sign-in-mail";
import type { GeneratedSecret } from "../access/auth/secrets/secrets.ts";
import { isLinkOpen, linkAddress } from "../access/people/links.ts";
import type { LinkMails } from "../access/people/user-links.ts";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock, RealClock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { mailKey, sendable } from "../platform/mail-address.ts";
import { dayMs, hourMs } from "../platform/time-spans.ts";
import { html } from "../reports/html.ts";
import { documentOf } from "./document.ts";
import { type Composed, plainText } from "./message.ts";
import { countLinkMails, insertLinkMail } from "./queries.ts";

/** Most mails with links in a day, so that an account's administrator cannot fill the mailboxes of others. */
const mostInADay = { toAddress: 5, ofAccount: 200 };

/** The tokens of mailed links, each computed from the id of its mail by a key that is not in the database. */
export interface LinkTokens {
  of: (mailId: string) => GeneratedSecret;
}

/** Makes tokens by this key. */
export function linkTokens(key: Buffer): LinkTokens {
  return { of: (id) => createHmac("sha256", key).update(id).digest().toString("base64url") as GeneratedSecret };
}

/** Writes mails with links into the outbox, in the transactions that make the links. */
export function createLinkMails({ clock, tokens }: { clock: Clock; tokens: LinkTokens }): LinkMails {
  return {
    begin() {
      const id = newId(clock.now());
      return { id, token: tokens.of(id) };
    },
    async write(tx, { accountId, email, ...mail }) {
      const now = clock.now();
      const address = sendable(email);
      const counts = await countLinkMails(tx, {
        accountId,
        address: mailKey(email),
        since: new Date(now.getTime() - dayMs),
      });
      if (counts.toAddress >= mostInADay.toAddress || counts.ofAccount >= mostInADay.ofAccount) {
        throw new ApiError(
          "too_many_requests",
          "Too many links were mailed in a day; hand this one over in another way.",
          {
            retryAfterSeconds: hourMs / 1_000,
          },
        );
      }
      await insertLinkMail(tx, { accountId, address, now, ...mail });
    },
  };
}

/** A mail with a link, as it waits. */
export interface LinkMail {
  accountId: string;
  id: string;
  language: Language;
  linkPurpose: "invitation" | "reset";
}

/** Composes the mail; undefined when its link works no longer. */
export async function composeLinkMail(
  { db, clock, tokens, ownUrl }: { db: Db; clock: RealClock; tokens: LinkTokens; ownUrl: () => string },
  { accountId, id, language, linkPurpose }: LinkMail,
): Promise<Composed | undefined> {
  const token = tokens.of(id);
  if (!(await isLinkOpen(db.sql, token, clock.realNow()))) return undefined;
  const named = await inTenant(db, accountId, (tx) =>
    tx.selectFrom("accounts").select("name").where("account_id", "=", accountId).executeTakeFirstOrThrow(),
  );
  const facts = { account: plainText(named.name) };
  const [subject, sentence] = [linkSubject, linkSentence].map((words) => words[linkPurpose][language](facts)) as [
    string,
    string,
  ];
  const link = linkAddress(ownUrl(), token);
  const [open, unexpected] = [linkMailWords.open[language], linkMailWords.unexpected[language]];
  return {
    subject,
    text: [sentence, "", link, "", "-- ", unexpected, ""].join("\n"),
    html: documentOf(
      language,
      subject,
      html`<p>${sentence}</p>
<p><a href="${link}">${open}</a></p>
<p class="small">${unexpected}</p>`,
    ),
  };
}
