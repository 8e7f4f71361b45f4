/** The fields of a line of the log that tell of trouble. */
interface Trouble {
  err?: unknown;
  reason?: unknown;
  /** The line is one of PostgreSQL's own. */
  postgresPid?: unknown;
  /** The code of the error that answers a request. */
  code?: unknown;
}

const onceInMs = 60_000;
/** More kinds than this at once are a fault of the kinds; the oldest are forgotten. */
const mostKinds = 500;

/**
 * Decides which lines about trouble are written: of each kind one in a minute. In an outage every worker, connection and message
 * fails several times a second, always in the same way; without a bound the log fills the disk, and hides what else happens. A
 * kind is the line's text and its error without numbers and ids, so it does not matter which worker or terminal meets it.
 *
 * Answers undefined for a line that is left out; else how many were left out since the last one of its kind. Faults of the program itself (`internal_error`)
 * are never left out: a caller names one by its request.
 */
export function boundedTroubles(
  elapsedMs = () => performance.now(),
): (fields: object, text: string) => number | undefined {
  const kinds = new Map<string, { at: number; leftOut: number }>();
  return (fields, text) => {
    const trouble = fields as Trouble;
    if (trouble.err === undefined && trouble.reason === undefined && trouble.postgresPid === undefined) return 0;
    if (trouble.code === "internal_error") return 0;
    const kind = `${general(text)} ${kindOf(trouble.err)} ${kindOf(trouble.reason)}`;
    const now = elapsedMs();
    const known = kinds.get(kind);
    if (known && now - known.at < onceInMs) {
      known.leftOut += 1;
      return undefined;
    }
    kinds.delete(kind);
    kinds.set(kind, { at: now, leftOut: 0 });
    if (kinds.size > mostKinds) kinds.delete(kinds.keys().next().value as string);
    return known?.leftOut ?? 0;
  };
}

function kindOf(error: unknown): string {
  if (typeof error === "string") return general(error);
  if (!(error instanceof Error)) return "";
  const { code } = error as { code?: unknown };
  // What failed at a connection is told by its code; its text names the address.
  return typeof code === "string" || typeof code === "number"
    ? String(code)
    : `${error.name} ${general(error.message)}`;
}

/** A text without what differs from one time to the next. */
function general(text: string): string {
  return text.slice(0, 300).replaceAll(/[\w-]+/g, (word) => (/\d/.test(word) ? "#" : word));
}
