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
  /** The last entry of the span: neither it nor anything beyond it is wanted. */
  upTo?: Position | undefined;
}

/** The entries that the window is between. */
function endsOf({ order, beside, upTo }: Window): { after: Position | undefined; before: Position | undefined } {
  return order === "older" ? { after: upTo, before: beside } : { after: beside, before: upTo };
}

/** Whether the window has a position. */
export function has(window: Window, position: Position): boolean {
  if (position.at < window.from || position.at >= window.until) return false;
  const { after, before } = endsOf(window);
  return (!after || inOrder(position, after) > 0) && (!before || inOrder(position, before) < 0);
}

/** The bounds of a window in the order of one source. */
export function boundsOf(window: Window, source: SourceName): Bounds {
  const bounds = { above: { at: window.from }, below: { at: window.until } };
  const { after, before } = endsOf(window);
  return narrowed(bounds, {
    above: after ? edgeOf(after, source) : bounds.above,
    below: before ? edgeOf(before, source) : bounds.below,
  });
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
