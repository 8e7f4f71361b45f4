import type { Logger } from "../platform/log/log.ts";
import type { FileStore } from "./file-store.ts";

/** Files whose time is over, as rows that name them. */
export interface Outdated<Row> {
  /** The rows after one, in the order of a key. */
  list: (after: Row | undefined, limit: number) => Promise<Row[]>;
  /** The file's name in the store. */
  nameOf: (row: Row) => string;
  /** Writes down that the file is gone. */
  removed: (row: Row) => Promise<void>;
}

interface RemovalDeps {
  files: Pick<FileStore, "remove">;
  log: Logger;
  signal: AbortSignal;
}

const batch = 100;

/**
 * Removes files: first each file, then its row is told. Whatever stops in between is done again by the next walk. A file
 * that cannot be removed waits for that one too, and does not hold up those behind it.
 */
export async function removeOutdated<Row extends object>(
  { files, log, signal }: RemovalDeps,
  { list, nameOf, removed }: Outdated<Row>,
): Promise<void> {
  let after: Row | undefined;
  while (!signal.aborted) {
    const rows = await list(after, batch);
    for (const row of rows) {
      if (signal.aborted) return;
      try {
        await files.remove(nameOf(row), signal);
      } catch (error) {
        log.warn({ err: error, file: nameOf(row) }, "an outdated file could not be removed, it is tried again");
        continue;
      }
      await removed(row);
    }
    after = rows.at(-1);
    if (rows.length < batch) return;
  }
}
