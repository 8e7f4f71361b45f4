import { readFile } from "node:fs/promises";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

const Format = Compile(Type.Object({ address: Type.String(), writes: Type.Integer({ minimum: 0 }) }));

/**
 * A count beside the device's key of what was written to the journal as one address. A journal that has written less is an old
 * copy, and whoever goes on with it does again what was done since.
 */
export class WriteCounter {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;

  constructor(path: string, replace: (path: string, text: string) => Promise<void>) {
    this.#path = path;
    this.#replace = replace;
  }

  /** Whether a journal of that address that has written so much is behind. A counter that cannot be read says nothing. */
  async isAhead(address: string, writes: number): Promise<boolean> {
    try {
      const counted = Format.Parse(JSON.parse(await readFile(this.#path, "utf8")));
      return counted.address === address && counted.writes > writes;
    } catch {
      return false;
    }
  }

  /** After the journal's own write. One that fails costs no more than that an old copy may go unseen here. */
  async note(address: string, writes: number): Promise<void> {
    await this.#replace(this.#path, `${JSON.stringify({ address, writes })}\n`).catch(() => undefined);
  }
}
