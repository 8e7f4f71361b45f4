import type { BackupTable } from "./tables.ts";

/**
 * A backup is gzipped lines. First this header; then for each table a line that names it, its rows in COPY's text
 * format, and `\.`. The last line has the number of rows of every table; without it the backup is incomplete.
 */
export interface BackupHeader {
  tillkeeper_backup: 1;
  created_at: string;
  /** The migration that had run last. */
  schema: string;
  /** Fingerprint of the key that encrypts the secrets in it; null when no server has started on the database yet. */
  key_fingerprint: string | null;
  months: string[];
  /** Of backups from before there were events, none. */
  weeks?: string[];
}

export interface BackupSection extends BackupTable {
  table: string;
}

export interface BackupEnd {
  end: true;
  rows: Record<string, number>;
}

export const sectionEnd = "\\.";

const newline = 0x0a;
const chunkBytes = 65_536;

/** Reads a backup line by line, and the rows of a table as one stream. */
export class BackupReader {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Parses the next line. Throws at the end, or when the line is not a JSON object. */
  async json(): Promise<Record<string, unknown>> {
    const line = await this.#line();
    const value: unknown = line === undefined ? undefined : JSON.parse(line.toString("utf8"));
    if (typeof value !== "object" || value === null) throw new Error("it ends too early");
    return value as Record<string, unknown>;
  }

  /** Yields the rows up to the end of the section. Throws when the backup ends before. */
  async *rows(): AsyncGenerator<Buffer> {
    let waiting: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const line = await this.#line();
      if (line === undefined) throw new Error("it ends too early");
      if (line.length === 2 && line.toString("latin1") === sectionEnd) break;
      waiting.push(line, Buffer.from("\n"));
      bytes += line.length + 1;
      if (bytes < chunkBytes) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
    if (bytes > 0) yield Buffer.concat(waiting);
  }

  /** The next line without its line break; undefined at the end. */
  async #line(): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (;;) {
      const at = this.#buffer.indexOf(newline);
      if (at >= 0) {
        parts.push(this.#buffer.subarray(0, at));
        this.#buffer = this.#buffer.subarray(at + 1);
        return parts.length === 1 ? parts[0] : Buffer.concat(parts);
      }
      if (this.#buffer.length > 0) parts.push(this.#buffer);
      const { value, done } = await this.#source.next();
      this.#buffer = done ? Buffer.alloc(0) : value;
      if (done) return undefined;
    }
  }
}
