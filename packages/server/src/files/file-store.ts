import type { Readable } from "node:stream";

export interface FilePart {
  first: number;
  last: number;
}

/**
 * Where files of any size are kept: log bundles, releases. Names are the caller's: `[a-z0-9/._-]`, no `..`. A signal that
 * aborts has whatever is under way given up, as far as the store can.
 */
export interface FileStore {
  /**
   * Keeps all of it, or nothing: when the source fails half-way it rejects with the source's error, and no file of that
   * name is there. Resolves when it is durable. A file of the same name is replaced.
   */
  put(name: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<{ bytes: number }>;
  /** `undefined` when there is no such file. With `part`, from its first to its last byte, both counted from 0. */
  get(name: string, part?: FilePart, signal?: AbortSignal): Promise<Readable | undefined>;
  /** Nothing happens when there is no such file. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

const nameForm = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

/** Throws for a name that could lead out of the store, or that some store could not keep. */
export function checkedName(name: string): string {
  if (!nameForm.test(name) || name.length > 500) throw new Error(`not a name of a file: ${JSON.stringify(name)}`);
  return name;
}
