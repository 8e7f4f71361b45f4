import { linkTo } from "../links.ts";
import type { Found, Source, Wanted } from "../source.ts";
import { type ClosingRow, readAttempts, readClosings, readEndsOfClosings } from "../sql/closings.ts";
import { dateInWords } from "../words/words.ts";

function ofClosing({ subject }: Wanted, row: ClosingRow) {
  return { key: row.id, link: linkTo.closing(subject.accountId, row.store_ref, row.id) };
}

const dayOf = ({ business_day: day }: Pick<ClosingRow, "business_day">) => `the business day of ${dateInWords(day)}`;

/** Closings that were asked for. */
export const closings: Source = async (wanted) =>
  (await readClosings(wanted)).map(
    (row): Found => ({
      ...ofClosing(wanted, row),
      source: "closing",
      at: row.created_at.getTime(),
      by: row.created_by,
      type: "closing_requested",
      text: ({ who }) => `${who(row.created_by)} asked to close ${dayOf(row)}.`,
    }),
  );

/** Closings that have ended, with how they stand now. */
export const endedClosings: Source = async (wanted) =>
  (await readEndsOfClosings(wanted, "closing_end")).map((row): Found => {
    const text: Found["text"] = ({ closing }) => {
      const stands = closing(row.id);
      return `The closing of ${dayOf(row)} ended${stands === undefined ? "." : `: ${inSentence(stands)}`}`;
    };
    return {
      ...ofClosing(wanted, row),
      source: "closing_end",
      at: (row.ended_at as Date).getTime(),
      type: "closing_ended",
      text,
    };
  });

/** A sentence behind a colon. */
function inSentence(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`;
}

/** Closings that were cancelled. */
export const cancelledClosings: Source = async (wanted) =>
  (await readEndsOfClosings(wanted, "closing_cancel")).map(
    (row): Found => ({
      ...ofClosing(wanted, row),
      source: "closing_cancel",
      at: (row.cancelled_at as Date).getTime(),
      by: row.cancelled_by,
      type: "closing_cancelled",
      text: ({ who }) => `${who(row.cancelled_by)} cancelled the closing of ${dayOf(row)}.`,
    }),
  );

const refusals: Readonly<Record<string, string>> = {
  close_moved: "another close had been told meanwhile",
  not_allowed: "its status does not allow it",
  unsupported: "its device cannot do it",
  gone: "it was deleted",
  cancelled: "the closing was cancelled",
};

/** What closings asked of the terminals. */
export const attempts: Source = async (wanted) =>
  (await readAttempts(wanted)).map((row): Found => {
    const { closing_id: id, terminal_id: terminalId, n, refused } = row;
    const what = (terminal: string) =>
      refused === null
        ? `asked ${terminal} to close${n > 1 ? `, for the ${ordinal(n)} time` : ""}`
        : `did not ask ${terminal} to close: ${refusals[refused] ?? refused}`;
    return {
      source: "attempt",
      at: row.at.getTime(),
      key: `${id}:${terminalId}:${String(n).padStart(6, "0")}`,
      type: "closing_attempted",
      text: ({ terminal }) => `The closing of ${dayOf(row)} ${what(terminal(terminalId))}.`,
      link: linkTo.closing(wanted.subject.accountId, row.store_ref, id),
      terminalId,
      by: row.asked_by,
    };
  });

function ordinal(n: number): string {
  const rest = n % 100;
  const suffix = rest > 10 && rest < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
  return `${n}${suffix}`;
}
