import { readFile } from "node:fs/promises";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

const Format = Compile(Type.Object({ address: Type.String(), writes: Type.Integer({ minimum: 0 }) }));

/**
 * A file beside the device's key that counts the writes to the journal of one address. A journal with fewer writes is
 * an old copy: an agent that used it would carry out operations a second time.
 */
export class WriteCounter {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;

  constructor(path: string, replace: (path: string, text: string) => Promise<void>) {
    this.#path = path;
    this.#replace = replace;
  }

  /** Whether a journal of that address with so many writes is an old copy. False when the counter cannot be read. */
  async isAhead(address: string, writes: number): Promise<boolean> {
    try {
      const counted = Format.Parse(JSON.parse(await readFile(this.#path, "utf8")));
      return counted.address === address && counted.writes > writes;
    } catch {
      return false;
    }
  }

  /**
   * Stores the count; called after the journal's own write. A failure is ignored: an old copy may then go undetected
   * here.
   */
  async note(address: string, writes: number): Promise<void> {
    await this.#replace(this.#path, `${JSON.stringify({ address, writes })}\n`).catch(() => undefined);
  }
}
