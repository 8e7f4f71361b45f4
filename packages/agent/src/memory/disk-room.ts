import { randomBytes } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";

/** Whether a write failed because there is no room on the disk. */
export function isFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && fullCodes.has(cause.code);
}
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Bytes that this user may still write where a folder lies; `undefined` where the system does not tell. */
export async function roomIn(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/**
 * Room that is kept for the answer of what has been begun: a file that is given up when the disk is full. Nothing is begun
 * without it.
 */
export class Reserve {
  readonly #path: string;
  readonly #bytes: number;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Makes it if it is not there, or not whole. Rejects when there is no room. */
  async keep(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    if (found && found.size >= this.#bytes) return;
    try {
      const file = await open(this.#path, "w", 0o600);
      try {
        // Nothing that a file system could make smaller.
        await file.writeFile(randomBytes(this.#bytes));
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      await this.giveUp();
      throw cause;
    }
  }

  /** Answers whether there was something to give up. */
  async giveUp(): Promise<boolean> {
    return rm(this.#path).then(
      () => true,
      () => false,
    );
  }
}
