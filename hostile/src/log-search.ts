import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Fields of answers whose values are secrets. */
const secretFields = /"(?:access_token|client_secret|password|mqtt_password|token|code)":"([^"\\]{8,})"/g;
const tokens = /[\w.~-]{8,}/g;

/** What a server's log must not hold. */
export class LogSearch {
  readonly #secrets = new Map<string, string>();

  /** `secret` may stand in any line, between characters that no secret has. */
  add(name: string, secret: string): void {
    if (secret.length >= 8) this.#secrets.set(secret, name);
  }

  /** Takes every secret that an answer shows. */
  learn(text: string, from: string): void {
    for (const [, secret = ""] of text.matchAll(secretFields)) {
      // Error codes stand in a field `code`, too.
      if (!/^[a-z_]+$/.test(secret)) this.add(`secret shown by ${from}`, secret);
    }
  }

  get size(): number {
    return this.#secrets.size;
  }

  /** Lines of the file that hold one, as sentences; the secrets are not repeated. */
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
