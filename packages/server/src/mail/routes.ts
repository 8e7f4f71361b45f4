import { closingMailEndpoints as lists, mailLinkEndpoints as pages } from "@tillkeeper/contract/http/mail";
import type { Language } from "@tillkeeper/words/languages";
import { endingWords, mailWords } from "@tillkeeper/words/mail";
import type { FastifyRequest } from "fastify";
import { readDay } from "../closings/standing/unclosed.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { addressedStore } from "../merchants/stores/addressed.ts";
import { ApiError } from "../platform/errors.ts";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import { mailKey } from "../platform/mail-address.ts";
import { dayMs } from "../platform/time-spans.ts";
import { languageOf } from "../reports/accept.ts";
import { html, type Markup } from "../reports/html.ts";
import { documentOf, pageHeaders } from "./document.ts";
import { linksOf, type MailLinks } from "./links.ts";
import { getAccountMail, type ListDeps, replaceAccountMail } from "./lists.ts";
import { dayPage } from "./message.ts";
import type { MailDeps } from "./noticing.ts";
import { deleteEnding, findEndings, findMessage, insertEnding, type MessageRow } from "./queries.ts";

export interface MailRouteDeps extends ListDeps, MailDeps {
  links: MailLinks;
}

/** The link of a mail shows its day for so long; closings are corrected no later. */
const shownForMs = 35 * dayMs;

/** The addresses of an account, and the pages behind the links of mails. */
export function mailRoutes(deps: MailRouteDeps): Route[] {
  return [
    bind(lists.get, ({ caller }) => getAccountMail(deps, caller.accountId)),
    bind(lists.replace, ({ caller, body }) => replaceAccountMail(deps, caller, body)),
    bind(pages.day, ({ params, request }) => showDay(deps, params.token, request)),
    bind(pages.endPage, ({ params, request }) => withMessage(deps, params.token, request, (row) => askPage(deps, row))),
    bind(pages.end, ({ params, request }) => withMessage(deps, params.token, request, (row) => end(deps, row))),
    bind(pages.resume, ({ params, request }) => withMessage(deps, params.token, request, (row) => resume(deps, row))),
  ];
}

/** Makes a page of a message, in its language. Throws `mail_link_not_found` for a link that no mail of this server has. */
async function withMessage(
  { db, links }: MailRouteDeps,
  token: string,
  request: FastifyRequest,
  page: (row: MessageRow) => Promise<string | undefined>,
): Promise<Answer<string>> {
  const id = links.read(token);
  if (id === undefined) throw new ApiError("mail_link_not_found", "No mail has this link.");
  const row = await findMessage(db.sql, id);
  const shown = row && (await page(row));
  if (row && shown !== undefined) return new Answer(shown, { headers: pageHeaders(row.language) });
  const language = row?.language ?? languageOf(request, undefined)(null);
  return new Answer(simplePage(language, mailWords.gone[language]), { headers: pageHeaders(language) });
}

function showDay(deps: MailRouteDeps, token: string, request: FastifyRequest): Promise<Answer<string>> {
  return withMessage(deps, token, request, async (row) => {
    const { db, clock, presenceClock } = deps;
    if (row.created_at.getTime() + shownForMs < clock.now().getTime()) return undefined;
    const { accountId, storeRef, day, language } = row;
    const known = await inTenant(db, accountId, async (tx) => ({
      store: await addressedStore(tx, accountId, storeRef),
      stands: await readDay(tx, { clock, presenceClock }, row),
    }));
    const { store, stands } = known;
    return store && stands && dayPage({ store, stands, day, language }, linksOf("", token));
  });
}

/** Asks by a button: programs that follow links of mails, to look whether they are harmless, press none. */
async function askPage({ db }: MailRouteDeps, { accountId, address, language }: MessageRow): Promise<string> {
  const [ending] = await inTenant(db, accountId, (tx) => findEndings(tx, accountId, [mailKey(address)]));
  if (ending) return resumePage(language, address);
  const button = html`<form method="post"><button>${mailWords.noMore[language]}</button></form>`;
  return simplePage(language, endingWords.ask[language]({ address }), button);
}

async function end({ db, clock }: MailRouteDeps, { accountId, address, language }: MessageRow): Promise<string> {
  await inTenant(db, accountId, (tx) => insertEnding(tx, { accountId, address: mailKey(address), at: clock.now() }));
  return resumePage(language, address);
}

async function resume({ db }: MailRouteDeps, { accountId, address, language }: MessageRow): Promise<string> {
  await inTenant(db, accountId, (tx) => deleteEnding(tx, { accountId, address: mailKey(address) }));
  return simplePage(language, endingWords.resumed[language]({ address }));
}

function resumePage(language: Language, address: string): string {
  const button = html`<form method="post" action="resume"><button>${mailWords.again[language]}</button></form>`;
  return simplePage(language, endingWords.ended[language]({ address }), button);
}

function simplePage(language: Language, sentence: string, further: Markup = html``): string {
  return documentOf(language, sentence, html`<h1>${sentence}</h1>\n${further}`);
}
