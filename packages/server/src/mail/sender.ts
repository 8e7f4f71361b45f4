import { createHash, randomUUID } from "node:crypto";
import { readDay, type StoreDay } from "../closings/standing/unclosed.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { addressedStore } from "../merchants/stores/addressed.ts";
import { backoff } from "../platform/backoff.ts";
import type { Logger } from "../platform/log/log.ts";
import { mailKey } from "../platform/mail-address.ts";
import { pause } from "../platform/pause.ts";
import { dayMs, hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { composeLinkMail, type LinkTokens } from "./link-mails.ts";
import { linksOf, type MailLinks } from "./links.ts";
import { composeMail } from "./message.ts";
import type { MailDeps } from "./noticing.ts";
import { type Claimed, claimMessages, noteOutcome, type Outcome } from "./outgoing.ts";
import { findEndings } from "./queries.ts";
import { MailRefused, type OutgoingMail, type SendMail } from "./smtp.ts";

export interface SenderDeps extends MailDeps {
  log: Pick<Logger, "warn" | "error">;
  links: MailLinks;
  /** The tokens of mailed links that let people in. */
  tokens: LinkTokens;
  send: SendMail;
  /** The address at which readers reach this server. */
  ownUrl: () => string;
  /** The domain of the sender, in ids of messages. */
  domain: string;
}

const everyMs = 1_000;
/** So many attempts of a server run at once; a mail server that is slow for one address keeps none of the others waiting. */
const mostAtOnce = 16;
/** An attempt may take so long in all; its lease is longer. */
const attemptMs = 120_000;
/** Attempts that run when the server stops may come to their end within that. */
const stopMs = 3_000;
const retryMs = { first: minuteMs, longest: hourMs };
/** A message is tried for so long. */
const triedForMs = dayMs;

/** Sends messages that are due, each by the server that has claimed it. */
export class MailSender {
  readonly worker: Worker;
  readonly #deps: SenderDeps;
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.worker = every("mail.send", everyMs, () => this.#round(), { end: () => this.#stop() });
  }

  /** There is something to send. */
  wake(): void {
    this.worker.wake();
  }

  async #round(): Promise<boolean> {
    const { db, clock } = this.#deps;
    const limit = mostAtOnce - this.#running.size;
    if (limit <= 0) return false;
    const lease = randomUUID();
    const claimed = await claimMessages(db.sql, { now: clock.now(), lease, limit });
    for (const message of claimed) {
      const run = this.#send(message, lease).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
    return claimed.length === limit && this.#running.size < mostAtOnce;
  }

  /** Does not reject: if its outcome cannot be written down, the lease ends and the message is sent again with the same id. */
  async #send(message: Claimed, lease: string): Promise<void> {
    const { db, clock, log } = this.#deps;
    try {
      const outcome = await this.#attempt(message);
      await noteOutcome(db.sql, { id: message.id, lease, outcome, now: clock.now() });
      // A free place: claim further messages.
      this.wake();
    } catch (error) {
      log.error({ err: error, ...named(message) }, "what came of a mail could not be written down; it is sent again");
    }
  }

  async #attempt(message: Claimed): Promise<Outcome> {
    const { log, clock, send } = this.#deps;
    try {
      const mail = await this.#compose(message);
      if (typeof mail === "string") return mail;
      await send(mail, AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(attemptMs)]));
      return "sent";
    } catch (error) {
      const now = clock.now().getTime();
      if (this.#stopped.signal.aborted) return { again: clock.now() };
      const again = new Date(now + backoff(message.attempts - 1, retryMs));
      const isLast = error instanceof MailRefused || again.getTime() > message.created_at.getTime() + triedForMs;
      const text = isLast ? "a mail could not be sent; it is given up" : "a mail could not be sent; it is tried again";
      log.warn({ err: error, attempts: message.attempts, ...named(message) }, text);
      return isLast ? "given_up" : { again };
    }
  }

  /** Reads how the day stands now: it may be closed since, or the reader may have ended these mails. */
  async #compose(message: Claimed): Promise<OutgoingMail | (Outcome & string)> {
    const { address: to, id } = message;
    if (message.linkPurpose === null) return this.#composeDay(message);
    const composed = await composeLinkMail(this.#deps, message);
    if (!composed) return "not_needed";
    return { ...composed, to, messageId: this.#messageId(["link", id]), at: this.#deps.clock.realNow() };
  }

  async #composeDay({
    accountId,
    storeRef,
    day,
    id,
    address,
    language,
  }: Claimed & StoreDay): Promise<OutgoingMail | (Outcome & string)> {
    const { db, clock, presenceClock, links, ownUrl } = this.#deps;
    const known = await inTenant(db, accountId, async (tx) => {
      const [ending] = await findEndings(tx, accountId, [mailKey(address)]);
      if (ending) return "ended";
      const store = await addressedStore(tx, accountId, storeRef);
      const stands = await readDay(tx, { clock, presenceClock }, { accountId, storeRef, day });
      return store && stands && stands.open.length > 0 ? { store, stands } : "not_needed";
    });
    if (typeof known === "string") return known;
    const urls = linksOf(ownUrl(), links.tokenOf(id));
    const composed = composeMail({ ...known, language, day }, urls);
    const messageId = this.#messageId([accountId, storeRef, day, mailKey(address)]);
    return { ...composed, to: address, messageId, at: clock.realNow(), endUrl: urls.end };
  }

  /** The same id for each attempt of a mail. */
  #messageId(of: readonly string[]): string {
    const digest = createHash("sha256").update(JSON.stringify(of)).digest("hex");
    return `<${digest.slice(0, 40)}@${this.#deps.domain}>`;
  }

  /** Lets what runs come to its end for a moment, then ends it: another server, or the next start, sends it again. */
  async #stop(): Promise<void> {
    const all = Promise.all(this.#running);
    const waited = new AbortController();
    await Promise.race([all, pause(stopMs, waited.signal)]);
    waited.abort();
    this.#stopped.abort();
    await all;
  }
}

function named(message: Claimed) {
  const { accountId, id, linkPurpose } = message;
  const of = linkPurpose === null ? { store: message.storeRef, business_day: message.day } : { link: linkPurpose };
  return { account_id: accountId, ...of, message: id };
}
