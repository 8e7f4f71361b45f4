import { inOrder, type Position, rankOf, type SourceName } from "./position.ts";

/** The instants between which ids of version 7 can be. */
export const always = { from: 0, until: 2 ** 48 - 1 } as const;

/** A part of time, in milliseconds: `until` is the first instant after it. */
export interface Span {
  from: number;
  until: number;
}

/**
 * A bound in the order of a source, by instant and key. As the lower bound, what comes after it counts, and without a key its instant
 * as well; as the upper one, what comes before it, and without a key not its instant.
 */
export interface Bound {
  at: number;
  key?: string;
}

export interface Bounds {
  above: Bound;
  below: Bound;
}

/** Which entries a page wants: of a span, on one side of an entry, the nearest first. */
export interface Window extends Span {
  order: "older" | "newer";
  /** The entry itself is not wanted. */
  beside?: Position | undefined;
}

/** Whether the window has a position. */
export function has({ from, until, order, beside }: Window, position: Position): boolean {
  if (position.at < from || position.at >= until) return false;
  if (!beside) return true;
  return order === "older" ? inOrder(position, beside) < 0 : inOrder(position, beside) > 0;
}

/** The bounds of a window in the order of one source. */
export function boundsOf({ from, until, order, beside }: Window, source: SourceName): Bounds {
  const bounds = { above: { at: from }, below: { at: until } };
  if (!beside) return bounds;
  const edge = edgeOf(beside, source);
  return order === "older"
    ? narrowed(bounds, { above: bounds.above, below: edge })
    : narrowed(bounds, { above: edge, below: bounds.below });
}

/** Where an entry of any source stands in the order of another one. */
function edgeOf({ at, source, key }: Position, other: SourceName): Bound {
  if (source === other) return { at, key };
  return rankOf(other) < rankOf(source) ? { at: at + 1 } : { at };
}

/** What two pairs of bounds have in common. */
export function narrowed(one: Bounds, other: Bounds): Bounds {
  return {
    above: compare(one.above, other.above) > 0 ? one.above : other.above,
    below: compare(one.below, other.below) < 0 ? one.below : other.below,
  };
}

/** Whether there can be something between the bounds. */
export function isOpen({ above, below }: Bounds): boolean {
  return compare(above, below) < 0;
}

function compare(one: Bound, other: Bound): number {
  if (one.at !== other.at) return one.at - other.at;
  const [a, b] = [one.key ?? "", other.key ?? ""];
  return a === b ? 0 : a < b ? -1 : 1;
}
