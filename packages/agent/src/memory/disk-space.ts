import { randomBytes } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";

/** Whether a write failed because the disk or the user's quota is full. */
export function isFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && fullCodes.has(cause.code);
}
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Returns the free bytes for this user on a folder's file system; `undefined` where the system does not tell. Never
 * rejects.
 */
export async function freeBytesIn(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/**
 * Disk space that is reserved for the result of an operation that was begun: a file that is deleted when the disk is
 * full. No operation is begun without it.
 */
export class ReservedSpace {
  readonly #path: string;
  readonly #bytes: number;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Makes the file if it is missing or too short. Rejects when the disk is full. */
  async keep(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    if (found && found.size >= this.#bytes) return;
    try {
      const file = await open(this.#path, "w", 0o600);
      try {
        // Random bytes: a file system cannot compress them.
        await file.writeFile(randomBytes(this.#bytes));
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      await this.free();
      throw cause;
    }
  }

  /** Deletes the file, and returns whether there was one. Never rejects. */
  async free(): Promise<boolean> {
    return rm(this.#path).then(
      () => true,
      () => false,
    );
  }
}
