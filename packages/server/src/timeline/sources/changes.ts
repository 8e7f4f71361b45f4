import type { TimelineType } from "@tillkeeper/contract/timeline";
import { parseEntry } from "../../access/audit/entry-text.ts";
import { linkTo } from "../links.ts";
import { numberKey } from "../position.ts";
import type { Found, Place, Source, Wanted } from "../source.ts";
import { type ChangeRow, readChanges } from "../sql/changes.ts";
import { type Change, storeChangeInWords, terminalChangeInWords } from "../words/changes.ts";

/** An instant longer: the change that moves a terminal away has the instant at which its stay ends. */
const withDeparture = (place: Place): Place => ({ ...place, until: place.until + 1 });

/** Changes of terminals by people, devices and the server itself: what the audit log holds of them. */
export const terminalChanges: Source = async (wanted) => {
  const places = wanted.subject.terminals.map(withDeparture);
  const rows = await readChanges(wanted, { source: "change", subjectType: "terminal", places });
  return rows.map((row) =>
    found(wanted, row, { source: "change", subjectType: "terminal", ...terminalChangeInWords(changeOf(row)) }),
  );
};

/** Of the changes of a store, those that concern each of its terminals. */
const concernTerminals = ["store.suspend", "store.resume", "store.configure"];

/** Changes of the stores. */
export const storeChanges: Source = async (wanted) => {
  const { stores: places, ofStore } = wanted.subject;
  const actions = ofStore ? {} : { actions: concernTerminals };
  const rows = await readChanges(wanted, { source: "store_change", subjectType: "store", places, ...actions });
  return rows.map((row) =>
    found(wanted, row, { source: "store_change", subjectType: "store", ...storeChangeInWords(changeOf(row)) }),
  );
};

function changeOf({ action, actor, subject_id: id, entry }: ChangeRow): Change {
  const { before, after } = parseEntry(entry) ?? {};
  return { action, actor, id, before: fieldsOf(before), after: fieldsOf(after) };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function found(
  { subject: { accountId } }: Wanted,
  { seq, at, actor, subject_id: id }: ChangeRow,
  { source, subjectType, type, text }: Pick<Found, "source" | "text"> & { subjectType: string; type: TimelineType },
): Found {
  return {
    source,
    at: at.getTime(),
    key: numberKey(seq),
    type,
    text,
    link: linkTo.change(accountId, subjectType, id, at),
    by: actor,
    ...(subjectType === "terminal" && { terminalId: id }),
  };
}
