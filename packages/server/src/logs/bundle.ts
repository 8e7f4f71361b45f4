import { createHash } from "node:crypto";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { limits } from "@tillkeeper/contract/limits";
import type { FileStore } from "../files/file-store.ts";
import { ApiError } from "../platform/errors.ts";
import type { MaskedLog } from "./masking/masking.ts";

/** A log as it is kept. */
export interface Bundle {
  size: number;
  unpacked_size: number;
  sha256: string;
  masked_count: number;
}

interface Incoming {
  body: Readable;
  gzip: boolean;
  /** SHA-256 of the body, as its sender says. */
  digest: Buffer;
  /** Closed in any case. */
  mask: MaskedLog;
  signal: AbortSignal;
}

type Pieces = AsyncIterable<Uint8Array>;

const pieceBytes = 64 * 1024;

/**
 * Checks, unpacks, masks, compresses and stores a log while it comes in; no more than a few pieces of it are in memory. What
 * fails in any of this fails the storing, too, so that the store keeps nothing.
 */
export async function storeBundle(
  files: Pick<FileStore, "put">,
  name: string,
  { body, gzip, digest, mask, signal }: Incoming,
): Promise<Bundle> {
  const sha256 = createHash("sha256");
  const sizes = { unpacked: 0, packed: 0 };
  const pack = createGzip({ chunkSize: pieceBytes });

  // The pipeline may report what the first failure led to elsewhere, in place of it.
  const failures: unknown[] = [];
  const noting = async function* (pieces: Pieces): Pieces {
    try {
      yield* pieces;
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  async function* masked(pieces: Pieces): Pieces {
    for await (const piece of pieces) {
      sizes.unpacked += piece.byteLength;
      if (sizes.unpacked > limits.logUnpackedBytes) throw tooLarge("unpacked", limits.logUnpackedBytes);
      yield await mask.write(piece);
    }
    yield await mask.end();
  }
  async function* measured(pieces: Pieces): Pieces {
    for await (const piece of pieces) {
      sizes.packed += piece.byteLength;
      sha256.update(piece);
      yield piece;
    }
  }
  const keep = async (pieces: Pieces) => void (await files.put(name, measured(pieces), signal));
  const read = (pieces: Pieces) => noting(checked(pieces, digest));
  const write = (pieces: Pieces) => noting(masked(pieces));
  try {
    // What follows the end of a gzip stream is not its business, so it is a fault.
    const unpack = gzip ? createGunzip({ chunkSize: pieceBytes, rejectGarbageAfterEnd: true }) : new PassThrough();
    unpack.once("error", (error) => failures.push(error));
    await pipeline(body, read, unpack, write, pack, keep, { signal });
  } catch (error) {
    throw failures[0] ?? error;
  } finally {
    mask.close();
  }
  return {
    size: sizes.packed,
    unpacked_size: sizes.unpacked,
    sha256: sha256.digest("hex"),
    masked_count: mask.count,
  };
}

/** Passes the body on, and fails at its end when it was not what the digest says. */
async function* checked(body: Pieces, digest: Buffer): Pieces {
  const sha256 = createHash("sha256");
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > limits.logUploadBytes) throw tooLarge("as sent", limits.logUploadBytes);
    sha256.update(piece);
    yield piece;
  }
  if (!sha256.digest().equals(digest)) {
    throw new ApiError("invalid_digest", "The body is not the one that its digest was made of; nothing was kept.", {
      errors: [{ path: "/headers/content-digest", message: "is not the digest of the bytes that came" }],
    });
  }
}

export function tooLarge(how: string, most: number): ApiError {
  return new ApiError("log_too_large", `The log has more than ${most / 2 ** 20} MiB ${how}; nothing was kept.`);
}
