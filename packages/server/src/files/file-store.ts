import type { Readable } from "node:stream";

export interface FilePart {
  first: number;
  last: number;
}

/**
 * Stores files of any size: log bundles, releases. Callers choose the names: `[a-z0-9/._-]`, no `..`. An aborted signal
 * ends the call that got it, as far as the store can. Every method throws for a name of another form, and rejects when
 * the store fails.
 */
export interface FileStore {
  /**
   * Stores the whole content or nothing, and replaces a file of that name. Resolves with the number of bytes once the
   * file is durable. When the source fails half-way, it rejects with the source's error, and no file of that name
   * appears. Called for each upload, and for each audit checkpoint.
   */
  put(name: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<{ bytes: number }>;
  /**
   * Opens a file for reading; `undefined` when it does not exist. `part` selects bytes from `first` to `last`, both
   * counted from 0 and included. The returned stream fails when the store fails while it is read. Called for each
   * download, and to read audit checkpoints.
   */
  get(name: string, part?: FilePart, signal?: AbortSignal): Promise<Readable | undefined>;
  /** Removes a file; a missing file is no error. Called when an upload is given up, or when a file is outdated. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

const nameForm = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

/** Returns a valid name. Throws for a name that could lead out of the store, or that some store could not keep. */
export function checkedName(name: string): string {
  if (!nameForm.test(name) || name.length > 500) throw new Error(`not a name of a file: ${JSON.stringify(name)}`);
  return name;
}
