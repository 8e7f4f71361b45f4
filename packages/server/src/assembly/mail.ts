import { createLinkMails, linkTokens } from "../mail/link-mails.ts";
import { mailLinks } from "../mail/links.ts";
import { createShowMail } from "../mail/lists.ts";
import { noticingWorker } from "../mail/noticing.ts";
import { mailRetentionWorker } from "../mail/retention.ts";
import type { MailRouteDeps } from "../mail/routes.ts";
import { MailSender } from "../mail/sender.ts";
import { createSmtp } from "../mail/smtp.ts";
import { tellingWorker } from "../mail/telling.ts";
import { readConfigured } from "../platform/folders/configured-file.ts";
import type { Core } from "./core.ts";

/** Mail about days that were not closed: what its routes need, and its workers. Without a mail server nothing is noticed or sent. */
export function openMail({ db, clock, presenceClock, log, rootKey, config: { mail }, addresses }: Core) {
  const links = mailLinks(rootKey.derive("mailLinks"));
  const deps = { db, clock, presenceClock };
  const routes: MailRouteDeps = { ...deps, links, standing: createShowMail(mail !== undefined) };
  const forget = mailRetentionWorker({ db, clock });
  if (!mail) return { deps: routes, workers: [forget], linkMails: undefined };
  const { caFile, from } = mail;
  const tokens = linkTokens(rootKey.derive("mailedLinkTokens"));
  const ca = caFile === undefined ? undefined : readConfigured("TILLKEEPER_SMTP_CA_FILE", caFile);
  const sender = new MailSender({
    ...deps,
    log,
    links,
    tokens,
    send: createSmtp(mail, ca),
    ownUrl: addresses.url,
    domain: from.address.slice(from.address.lastIndexOf("@") + 1),
  });
  const telling = tellingWorker({ ...deps, told: () => sender.wake() });
  return {
    deps: routes,
    workers: [noticingWorker(deps), telling, sender.worker, forget],
    linkMails: createLinkMails({ clock, tokens }),
  };
}
export type Mail = ReturnType<typeof openMail>;
