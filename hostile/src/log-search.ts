import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Fields of answers whose values are secrets. */
const secretFields = /"(?:access_token|client_secret|password|mqtt_password|token|code)":"([^"\\]{8,})"/g;
const tokens = /[\w.~-]{8,}/g;

/** Searches a server's log for secrets, which it must not hold. */
export class LogSearch {
  readonly #secrets = new Map<string, string>();

  /** Adds a secret to search for. Secrets of fewer than eight characters are ignored. */
  add(name: string, secret: string): void {
    if (secret.length >= 8) this.#secrets.set(secret, name);
  }

  /** Adds every secret in the text of an answer. */
  learn(text: string, from: string): void {
    for (const [, secret = ""] of text.matchAll(secretFields)) {
      // A field `code` also holds error codes.
      if (!/^[a-z_]+$/.test(secret)) this.add(`secret shown by ${from}`, secret);
    }
  }

  /** The number of secrets. */
  get size(): number {
    return this.#secrets.size;
  }

  /** Searches a file. Returns the number of its lines, and sentences on lines with a secret, which the sentences leave out. */
  async search(file: string): Promise<{ lines: number; found: string[] }> {
    const found = new Set<string>();
    let lines = 0;
    for await (const line of createInterface({ input: createReadStream(file) })) {
      lines += 1;
      for (const [token] of line.matchAll(tokens)) {
        const name = this.#secrets.get(token);
        if (name) found.add(`the log shows the ${name}: ${line.replaceAll(token, "(secret)").slice(0, 300)}`);
      }
    }
    return { lines, found: [...found] };
  }
}
