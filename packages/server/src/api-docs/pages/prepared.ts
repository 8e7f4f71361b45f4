import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";

/** The better encoding first. */
const encodings = ["br", "gzip"] as const;
type Encoding = (typeof encodings)[number];

/** Higher qualities take seconds for a bundle, and save a tenth. */
const brotliQuality = 5;

const compress: Record<Encoding, (bytes: Buffer) => Promise<Buffer>> = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
  gzip: promisify<Buffer, Buffer>(gzip),
};

/**
 * Bytes that every caller may request. They are made for the first request, compressed once, and shared by all answers.
 */
export class Prepared {
  readonly type: string;
  readonly #make: () => string | Buffer;
  readonly #brotli: (() => Buffer) | undefined;
  readonly #compressed = new Map<Encoding, Promise<Buffer>>();
  #bytes: Buffer | undefined;
  #digest: string | undefined;

  /** `brotli` reads the same bytes compressed, where they are stored that way. */
  constructor(type: string, make: () => string | Buffer, brotli?: () => Buffer) {
    this.type = type;
    this.#make = make;
    this.#brotli = brotli;
  }

  /** The bytes. Throws what making them throws; the next request tries again. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.#make()));
  }

  /** Differs when the bytes differ. */
  get digest(): string {
    return (this.#digest ??= createHash("sha256").update(this.bytes).digest("base64url").slice(0, 22));
  }

  compressed(encoding: Encoding): Promise<Buffer> {
    const known = this.#compressed.get(encoding) ?? this.#compress(encoding);
    this.#compressed.set(encoding, known);
    return known;
  }

  #compress(encoding: Encoding): Promise<Buffer> {
    if (encoding === "br" && this.#brotli) return Promise.resolve(this.#brotli());
    return compress[encoding](this.bytes);
  }
}

/** Answers with the bytes, in an encoding that the caller accepts. Answers 304 when the caller's copy is current. */
export async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  content: Prepared,
  headers: Readonly<Record<string, string>> = {},
): Promise<FastifyReply> {
  // One tag for all encodings, so it must be a weak one.
  const tag = `W/"${content.digest}"`;
  reply.headers({ "cache-control": "no-cache", vary: "Accept-Encoding", etag: tag, ...headers });
  if (matchesTag(request.headers["if-none-match"], tag)) return reply.status(304).send();
  reply.type(content.type);
  const accepted = new Negotiator(request).encodings([...encodings, "identity"]);
  const encoding = encodings.find((one) => accepted.includes(one));
  if (encoding === undefined) return reply.send(content.bytes);
  return reply.header("content-encoding", encoding).send(await content.compressed(encoding));
}

/** Weak comparison of entity tags (RFC 9110 section 8.8.3.2). */
function matchesTag(known: string | undefined, tag: string): boolean {
  if (known === undefined) return false;
  const tags = known.split(",").map((one) => one.trim());
  return tags.some((one) => one === "*" || one === tag || `W/${one}` === tag);
}
