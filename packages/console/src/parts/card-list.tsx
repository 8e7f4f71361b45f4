import { Fragment, type ReactNode, useRef } from "react";
import classes from "./card-list.module.css";
import { useRowWindow } from "./window.ts";

interface CardListProps<Item> {
  /** What the list shows, for readers of screens. */
  label: string;
  items: readonly Item[];
  itemKey: (item: Item) => string;
  children: (item: Item) => ReactNode;
  /** How high a card is about, in pixels. */
  estimate: number;
}

/** Between two cards, in pixels, as in the style sheet. */
const gap = 8;

/** A list of cards, for phones. Of many only those around what can be seen are in the page. */
export function CardList<Item>({ label, items, itemKey, children, estimate }: CardListProps<Item>) {
  const list = useRef<HTMLUListElement>(null);
  const shown = useRowWindow({
    count: items.length,
    keyOf: (index) => keyAt(items, index, itemKey),
    estimate,
    gap,
    list,
  });
  const isWhole = shown.rows.length === items.length;
  return (
    <ul
      ref={list}
      className={`plain-list ${classes["list"]}`}
      aria-label={label}
      onFocus={shown.onFocus}
      onBlur={shown.onBlur}
    >
      {shown.rows.map(({ index, hole }) => {
        const item = items[index];
        if (item === undefined) return null;
        return (
          <Fragment key={itemKey(item)}>
            <Hole height={hole} />
            <li
              ref={shown.measure}
              data-index={index}
              className="panel"
              aria-setsize={isWhole ? undefined : items.length}
              aria-posinset={isWhole ? undefined : index + 1}
            >
              {children(item)}
            </li>
          </Fragment>
        );
      })}
      <Hole height={shown.after} />
    </ul>
  );
}

/** Holds the room of cards that are left out. */
function Hole({ height }: { height: number }) {
  return height <= 0 ? null : <li aria-hidden="true" style={{ height }} />;
}

function keyAt<Item>(items: readonly Item[], index: number, itemKey: (item: Item) => string): string {
  const item = items[index];
  return item === undefined ? String(index) : itemKey(item);
}
