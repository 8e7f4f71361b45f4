import { type Language, languageOfCountry, languageOfTag } from "@tillkeeper/words/languages";
import { v7 as uuidv7 } from "uuid";
import { readDay, type StoreDay } from "../closings/standing/unclosed.ts";
import type { Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { addressedStore } from "../merchants/stores/addressed.ts";
import { mailKey, sendable } from "../platform/mail-address.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import type { MailDeps } from "./noticing.ts";
import {
  claimDays,
  findEndings,
  findList,
  forgetDay,
  insertMessages,
  lookLater,
  type NewMessage,
  takeDay,
} from "./queries.ts";

const everyMs = 1_000;
const mostAtOnce = 100;
/** The lease of a claim: after it another server takes over, in case this one has died. */
const againMs = 2 * minuteMs;

/** Looks at days whose time to try is over, and writes the messages about those that are still not closed: once for a store and day. */
export function tellingWorker(deps: MailDeps & { told: () => void }): Worker {
  const { db, clock, told } = deps;
  return every("mail.tell", everyMs, async (signal) => {
    const now = clock.now();
    const due = await claimDays(db.sql, { now, again: new Date(now.getTime() + againMs), limit: mostAtOnce });
    const failures: unknown[] = [];
    for (const day of due) {
      if (signal.aborted) return false;
      // One that fails must not keep the others waiting; it is claimed again later.
      await inTenant(db, day.accountId, (tx) => look(tx, deps, day)).catch((error: unknown) => failures.push(error));
    }
    if (due.length > 0) told();
    if (failures.length > 0) throw failures[0];
    return due.length === mostAtOnce;
  });
}

async function look(tx: Tx, clocks: MailDeps, day: StoreDay): Promise<void> {
  const stands = await readDay(tx, clocks, day);
  if (!stands || stands.open.length === 0) return forgetDay(tx, day);
  if (stands.triedUntil) return lookLater(tx, day, stands.triedUntil);
  const now = clocks.clock.now();
  if (!(await takeDay(tx, day, now))) return;
  await insertMessages(tx, day, { list: await messagesOf(tx, day), now });
}

/** A message for each address that is to be told: of the store first, whose language counts where the account has it, too. */
async function messagesOf(tx: Tx, { accountId, storeRef }: StoreDay): Promise<NewMessage[]> {
  const store = await addressedStore(tx, accountId, storeRef);
  const usual = languageOfCountry(store?.country);
  const byKey = new Map<string, NewMessage>();
  for (const { address, language } of [...(store?.mailTo ?? []), ...(await findList(tx, accountId))]) {
    const key = mailKey(address);
    if (byKey.has(key)) continue;
    byKey.set(key, { id: uuidv7(), address: sendable(address), language: readingLanguage(language, usual) });
  }
  for (const { address } of await findEndings(tx, accountId, [...byKey.keys()])) byKey.delete(address);
  return [...byKey.values()];
}

/** The language that was asked for, English in place of one that is not offered, else the usual one. */
function readingLanguage(tag: string | undefined, usual: Language): Language {
  return tag === undefined ? usual : (languageOfTag(tag) ?? "en");
}
