import type { Timeline, TimelineEntry, TimelineQuery } from "@tillkeeper/contract/http/timeline";
import { closingTexts, type ReadDeps } from "../closings/reading/read.ts";
import type { Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { storeNotFound } from "../merchants/stores/changes.ts";
import { type StoreDays, storeDays } from "../merchants/stores/days.ts";
import { inOrderOfIndex } from "../operations/read.ts";
import type { ActorNames } from "../platform/actor-names.ts";
import { invalidRequest } from "../platform/errors.ts";
import { endOfNamed, preciseTime } from "../platform/timestamps.ts";
import { type Stay, staysInStore, staysOfTerminal } from "../terminals/record/former-stores.ts";
import { terminalNotFound } from "../terminals/record/present.ts";
import { type Around, readAround, type ZoneSpan } from "./around.ts";
import { type Part, readPart } from "./page.ts";
import { idOf, inOrder, type Position, readId } from "./position.ts";
import type { Found, Place, Subject } from "./source.ts";
import { modelsOf } from "./sql/models.ts";
import { always, type Span } from "./window.ts";
import { wordsOf } from "./words/words.ts";

export interface TimelineDeps extends ReadDeps {
  names: ActorNames;
}

interface Asked {
  subject: Subject;
  zones: ZoneSpan[];
}

/** A page of a terminal's timeline. Throws `terminal_not_found`, `invalid_request`. */
export function timelineOfTerminal(
  deps: TimelineDeps,
  { accountId, terminalId }: { accountId: string; terminalId: string },
  query: TimelineQuery,
): Promise<Timeline> {
  return reading(deps, accountId, query, async (tx) => {
    const stays = await staysOfTerminal(tx, accountId, terminalId);
    if (stays.length === 0) throw terminalNotFound();
    const terminals = [{ id: terminalId, ...always }];
    const stores = stays.map((stay): Place => ({ id: stay.storeRef, ...spanOf(stay) }));
    const models = await modelsOf(tx, accountId, [terminalId]);
    const ids = [...new Set(stores.map(({ id }) => id))];
    const known = await storeDays(tx, accountId, { ids }, { now: deps.clock.now(), includeDeleted: true });
    const zones = stores.flatMap(({ id, from, until }) => {
      const store = known.find((candidate) => candidate.id === id);
      return store ? [{ timeZone: store.rules.timeZone, from, until }] : [];
    });
    return { subject: { accountId, terminals, stores, models, ofStore: false }, zones };
  });
}

/** A page of a store's timeline. Throws `store_not_found`, `invalid_request`. */
export function timelineOfStore(
  deps: TimelineDeps,
  { accountId, storeId }: { accountId: string; storeId: string },
  query: TimelineQuery,
): Promise<Timeline> {
  return reading(deps, accountId, query, async (tx) => {
    const [store] = await storeDays(tx, accountId, { storeId }, { now: deps.clock.now(), includeDeleted: true });
    if (!store) throw storeNotFound();
    const stays = await staysInStore(tx, accountId, store.id);
    const terminals = stays.map((stay): Place => ({ id: stay.terminalId, ...spanOf(stay) }));
    const ids = [...new Set(terminals.map(({ id }) => id))];
    const models = await modelsOf(tx, accountId, ids);
    const subject = { accountId, terminals, stores: [{ id: store.id, ...always }], models, ofStore: true };
    return { subject, zones: [zoneOf(store)] };
  });
}

function spanOf({ from, until }: Stay): Span {
  return { from: from.getTime(), until: until?.getTime() ?? always.until };
}

function zoneOf({ rules }: StoreDays): ZoneSpan {
  return { timeZone: rules.timeZone, ...always };
}

async function reading(
  deps: TimelineDeps,
  accountId: string,
  query: TimelineQuery,
  find: (tx: Tx) => Promise<Asked>,
): Promise<Timeline> {
  const wish = wishOf(query);
  const read = await inTenant(deps.db, accountId, async (tx) => {
    const { subject, zones } = await find(tx);
    const around = query.around === undefined ? undefined : readAround(query.around, zones);
    const first = wish.startingAfter === undefined && wish.endingBefore === undefined;
    await inOrderOfIndex.execute(tx);
    const page = around && first ? await pageAround(tx, subject, wish, around) : await pageBeside(tx, subject, wish);
    const ended = page.entries.flatMap(({ source, key }) => (source === "closing_end" ? [key] : []));
    return { page, ofStore: subject.ofStore, closings: await closingTexts(tx, deps, accountId, ended) };
  });
  // Not within the transaction: names are looked up in one of their own.
  const actors = new Set(read.page.entries.flatMap(({ by }) => by ?? []));
  return present(read, await deps.names.of(accountId, [...actors]));
}

interface Wish {
  span: Span;
  startingAfter: Position | undefined;
  endingBefore: Position | undefined;
  limit: number;
}

/** Reads a query. Throws `invalid_request`. */
function wishOf(query: TimelineQuery): Wish {
  const { "at.gte": from, "at.lte": to, starting_after: after, ending_before: before, limit } = query;
  return {
    span: {
      from: from === undefined ? always.from : Date.parse(from),
      until: to === undefined ? always.until : endOfNamed(to).getTime(),
    },
    startingAfter: cursorOf("starting_after", after),
    endingBefore: cursorOf("ending_before", before),
    limit,
  };
}

function cursorOf(name: string, id: string | undefined): Position | undefined {
  const position = id === undefined ? undefined : readId(id);
  if (id === undefined || position) return position;
  throw invalidRequest({ path: `/query/${name}`, message: "is not the id of an entry of a timeline" });
}

interface Page {
  entries: Found[];
  /** Whether there is more before and after. */
  older: boolean;
  newer: boolean;
  around?: Timeline["around"];
}

/** A page from an entry on, or from the newest; between two entries, if there are both. */
async function pageBeside(tx: Tx, subject: Subject, { span, startingAfter, endingBefore, limit }: Wish): Promise<Page> {
  if (endingBefore && !startingAfter) {
    const { entries, more } = await readPart(tx, subject, { ...span, order: "newer", beside: endingBefore }, limit);
    return { entries, older: entries.length > 0, newer: more };
  }
  const window = { ...span, order: "older", beside: startingAfter, upTo: endingBefore } as const;
  const { entries, more } = await readPart(tx, subject, window, limit);
  return { entries, older: more, newer: startingAfter !== undefined && entries.length > 0 };
}

/** Half of the page before the instant and half from it on. Of two instants, each has half of the page so. */
async function pageAround(tx: Tx, subject: Subject, { span, limit }: Wish, { times, ...told }: Around): Promise<Page> {
  const parts: Part[] = [];
  let [older, newer] = [false, false];
  for (const [index, at] of times.entries()) {
    const share = Math.floor((limit + (index === 0 ? times.length - 1 : 0)) / times.length);
    const before = Math.floor(share / 2);
    const past = await readPart(tx, subject, { ...span, until: Math.min(span.until, at), order: "older" }, before);
    const since = await readPart(
      tx,
      subject,
      { ...span, from: Math.max(span.from, at), order: "newer" },
      share - before,
    );
    if (index === 0) older = past.more;
    newer = since.more;
    parts.push({ entries: [...since.entries, ...past.entries], more: since.more });
  }
  const entries = new Map(parts.toReversed().flatMap((part) => part.entries.map((entry) => [idOf(entry), entry])));
  const gap = await gapBetween(tx, subject, span, parts);
  return {
    entries: [...entries.values()].toSorted((one, other) => inOrder(other, one)),
    older,
    newer,
    around: { ...told, ...(gap && { gap }) },
  };
}

/** Where entries are missing between two parts of a page. */
async function gapBetween(tx: Tx, subject: Subject, span: Span, [early, late]: Part[]) {
  const [below, above] = [early?.entries[0], late?.entries.at(-1)];
  if (!below || !above || inOrder(below, above) >= 0) return undefined;
  const { entries } = await readPart(tx, subject, { ...span, order: "newer", beside: below }, 1);
  const [next] = entries;
  if (!next || inOrder(next, above) >= 0) return undefined;
  return { starting_after: idOf(above), ending_before: idOf(below) };
}

interface Read {
  page: Page;
  ofStore: boolean;
  /** How closings stand, by their ids. */
  closings: ReadonlyMap<string, string>;
}

function present({ page, ofStore, closings }: Read, names: ReadonlyMap<string, string>): Timeline {
  const { entries, older, newer, around } = page;
  const words = wordsOf(ofStore, names, closings);
  const shown = entries.map(
    (entry): TimelineEntry => ({
      id: idOf(entry),
      at: preciseTime(new Date(entry.at)),
      type: entry.type,
      text: entry.text(words),
      link: entry.link,
      ...(entry.terminalId !== undefined && { terminal_id: entry.terminalId }),
      ...(entry.by != null && {
        by: { id: entry.by, ...(names.has(entry.by) && { name: names.get(entry.by) as string }) },
      }),
      ...(entry.operation && { operation: entry.operation }),
    }),
  );
  const [first, last] = [shown.at(0), shown.at(-1)];
  return {
    entries: shown,
    ...(older && last && { starting_after: last.id }),
    ...(newer && first && { ending_before: first.id }),
    ...(around && { around }),
  };
}
