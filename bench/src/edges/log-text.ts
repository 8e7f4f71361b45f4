import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";

const pieceBytes = 64 * 1024;
const levels = ["INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN"] as const;
const events = [
  "payment approved",
  "card read, contactless",
  "host answered",
  "receipt printed",
  "display: welcome",
  "key exchange done",
] as const;

/** Yields the text of a terminal's log in pieces, about `bytes` in total; equal seeds give equal text. */
export function* logText(bytes: number, seed: number): Generator<Buffer> {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let [at, lines, length, made] = [Date.parse("2026-06-29T09:00:00Z"), [] as string[], 0, 0];
  while (made < bytes) {
    at += random(900);
    const line = `${new Date(at).toISOString()} ${levels[random(6)]} [${random(40)}] ${events[random(6)]} ref=${random(2 ** 32).toString(16)} amount=${random(200_000)} stan=${random(999_999)} rssi=-${30 + random(60)} ms=${random(4000)}\n`;
    lines.push(line);
    length += line.length;
    if (length < pieceBytes) continue;
    made += length;
    yield Buffer.from(lines.join(""));
    [lines, length] = [[], 0];
  }
}

export interface PackedLog {
  bytes: Buffer;
  /** SHA-256 of `bytes` in base64, for the header `Content-Digest`. */
  digest: string;
}

/** Returns a log in gzip format, as an agent uploads it; `bytes` is the length before compression. */
export async function packedLog(bytes: number, seed: number): Promise<PackedLog> {
  const packed = await buffer(Readable.from(logText(bytes, seed), { objectMode: false }).pipe(createGzip()));
  return { bytes: packed, digest: createHash("sha256").update(packed).digest("base64") };
}
