import type { ReactNode } from "react";
import classes from "./data-table.module.css";

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
}

/** The table of all screens. Its first column names the row. Where it has no room, each row becomes a block with the columns' names. */
export function DataTable<Row>({ caption, columns, rows, rowKey, empty }: DataTableProps<Row>) {
  if (rows.length === 0) return <p className="panel dimmed">{empty}</p>;
  return (
    <div className={classes["frame"]}>
      <table className={classes["table"]}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ key, title, numeric }) => (
              <th key={key} scope="col" data-numeric={numeric}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ key, title, numeric, cell }, index) => {
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
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
