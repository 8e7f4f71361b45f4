import { Fragment, type ReactNode, useRef } from "react";
import classes from "./data-table.module.css";
import { useRowWindow } from "./window.ts";

/** A column of a table: its heading, and what a row has in it. */
export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, one below the other. */
  numeric?: boolean;
}

interface DataTableProps<Row> {
  /** What the table shows, for readers of screens. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** What stands there when there are no rows. */
  empty: ReactNode;
  /** Whether the server has rows behind these, so that their number is not known. */
  hasMore?: boolean;
  /** Hears which rows can be seen. */
  onReach?: (first: number, last: number) => void;
}

/** How high a row is before it was measured. */
const rowHeight = 48;

/**
 * The table of all screens. Its first column names the row. Where it has no room, each row becomes a block with the columns' names. Of many
 * rows only those around what can be seen are in the page; readers of screens hear the number of each all the same.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  if (props.rows.length === 0) return <p className="panel dimmed">{props.empty}</p>;
  return <Rows {...props} />;
}

function Rows<Row>({ caption, columns, rows, rowKey, hasMore = false, onReach }: DataTableProps<Row>) {
  const list = useRef<HTMLTableSectionElement>(null);
  const shown = useRowWindow({
    count: rows.length,
    keyOf: (index) => keyAt(rows, index, rowKey),
    estimate: rowHeight,
    list,
    ...(onReach && { onReach }),
  });
  const isWhole = shown.rows.length === rows.length && !hasMore;
  return (
    <div className={classes["frame"]}>
      <table
        className={classes["table"]}
        data-whole={isWhole}
        aria-rowcount={isWhole ? undefined : hasMore ? -1 : rows.length + 1}
      >
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr aria-rowindex={isWhole ? undefined : 1}>
            {columns.map(({ key, title, numeric }) => (
              <th key={key} scope="col" data-numeric={numeric}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={list} onFocus={shown.onFocus} onBlur={shown.onBlur}>
          {shown.rows.map(({ index, hole }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <Fragment key={rowKey(row)}>
                <Hole height={hole} columns={columns.length} />
                <tr ref={shown.measure} data-index={index} aria-rowindex={isWhole ? undefined : index + 2}>
                  <Cells row={row} columns={columns} />
                </tr>
              </Fragment>
            );
          })}
          <Hole height={shown.after} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function Cells<Row>({ row, columns }: { row: Row; columns: readonly Column<Row>[] }) {
  return columns.map(({ key, title, numeric, cell }, index) => {
    const Cell = index === 0 ? "th" : "td";
    return (
      <Cell key={key} scope={index === 0 ? "row" : undefined} data-numeric={numeric}>
        {index > 0 && (
          <span className={classes["name"]} aria-hidden="true">
            {title}
          </span>
        )}
        <span>{cell(row)}</span>
      </Cell>
    );
  });
}

/** Holds the room of rows that are left out. */
function Hole({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr className={classes["hole"]} aria-hidden="true">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

function keyAt<Row>(rows: readonly Row[], index: number, rowKey: (row: Row) => string): string {
  const row = rows[index];
  return row === undefined ? String(index) : rowKey(row);
}
