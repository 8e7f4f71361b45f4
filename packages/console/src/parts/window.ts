import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Lists up to this length are in the page as a whole. */
const few = 60;
/** So many rows before and after what can be seen are there as well. */
const around = 8;

interface WindowOptions<Element extends HTMLElement> {
  /** How many rows there are. */
  count: number;
  keyOf: (index: number) => string;
  /** How high a row is about, in pixels; each that was shown is measured. */
  estimate: number;
  /** Pixels between two rows. */
  gap?: number;
  /** The element that has the rows. */
  list: RefObject<Element | null>;
  /** Hears which rows can be seen. */
  onReach?: (first: number, last: number) => void;
}

/** The rows of a list that are in the page, each with the height of those that are left out before it. */
export interface RowWindow {
  rows: readonly { index: number; hole: number }[];
  /** The height of those that are left out at the end. */
  after: number;
  /** For the element of each row. */
  measure: (element: HTMLElement | null) => void;
  /** For the element of the list. The row that has the focus stays in the page, wherever it is scrolled to. */
  onFocus: (event: FocusEvent) => void;
  onBlur: () => void;
}

/** Of a long list, only the rows around those that can be seen are in the page, which scrolls as a whole. */
export function useRowWindow<Element extends HTMLElement>(options: WindowOptions<Element>): RowWindow {
  const { count, keyOf, estimate, gap = 0, list, onReach } = options;
  const [top, setTop] = useState(0);
  const focused = useRef<number>(undefined);
  const isLong = count > few;
  const rows = useWindowVirtualizer({
    count,
    enabled: isLong,
    estimateSize: () => estimate,
    getItemKey: keyOf,
    gap,
    overscan: around,
    scrollMargin: top,
    rangeExtractor: (range) => withRow(focused.current, range),
  });
  useLayoutEffect(() => {
    // What stands above the list may have grown or shrunk.
    if (isLong && list.current) setTop(Math.round(list.current.getBoundingClientRect().top + scrollY));
  });
  const items = rows.getVirtualItems();
  const { startIndex: first, endIndex: last } = isLong
    ? (rows.range ?? { startIndex: 0, endIndex: 0 })
    : { startIndex: 0, endIndex: count - 1 };
  useEffect(() => onReach?.(first, last), [first, last, onReach]);
  const rest = {
    measure: rows.measureElement,
    onFocus: ({ target }: FocusEvent) => {
      focused.current = indexOf(target);
    },
    onBlur: () => {
      focused.current = undefined;
    },
  };
  if (!isLong) return { rows: Array.from({ length: count }, (_, index) => ({ index, hole: 0 })), after: 0, ...rest };
  const ends = [top, ...items.map(({ end }) => end)];
  return {
    // An element that holds a hole open has a gap on both of its sides.
    rows: items.map(({ index, start }, at) => ({ index, hole: start - (ends[at] ?? 0) - (at === 0 ? 1 : 2) * gap })),
    after: rows.getTotalSize() + top - (ends.at(-1) ?? 0) - gap,
    ...rest,
  };
}

/** The rows of a range, with the row that has the focus. */
function withRow(focused: number | undefined, range: Range): number[] {
  const usual = defaultRangeExtractor(range);
  if (focused === undefined || focused >= range.count || usual.includes(focused)) return usual;
  return [...usual, focused].toSorted((one, other) => one - other);
}

function indexOf(element: Element): number | undefined {
  const index = element.closest("[data-index]")?.getAttribute("data-index");
  return index == null ? undefined : Number(index);
}
