import { createHash } from "node:crypto";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip, type Gunzip } from "node:zlib";
import { limits } from "@tillkeeper/contract/limits";
import type { FileStore } from "../../files/file-store.ts";
import { ApiError } from "../../platform/errors.ts";
import type { MaskedLog } from "../masking/masking.ts";

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
  const sizes = { received: 0, unpacked: 0, packed: 0 };
  const pack = createGzip({ chunkSize: pieceBytes });

  const unpack = gzip ? createGunzip({ chunkSize: pieceBytes }) : undefined;

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
    if (unpack) requireAllRead(unpack, sizes.received);
    yield await mask.end();
  }
  async function* measured(pieces: Pieces): Pieces {
    for await (const piece of pieces) {
      sizes.packed += piece.byteLength;
      sha256.update(piece);
      yield piece;
    }
  }
  const keep = async (pieces: Pieces) => {
    try {
      await files.put(name, measured(pieces), signal);
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  const read = (pieces: Pieces) => noting(checked(pieces, digest, (bytes) => (sizes.received += bytes)));
  const write = (pieces: Pieces) => noting(masked(pieces));
  try {
    unpack?.once("error", (error) => failures.push(error));
    await pipeline(body, read, unpack ?? new PassThrough(), write, pack, keep, { signal });
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

/**
 * A gzip file is one member or several (RFC 1952, 2.2), as log rotation makes them by appending. Node stops reading at
 * zero bytes without an error, so what comes after them would be lost.
 */
function requireAllRead(unpack: Gunzip, received: number): void {
  if (unpack.bytesWritten === received) return;
  throw new ApiError("invalid_log", "Something follows the end of the gzip file; nothing was kept.");
}

/** Passes the body on, and fails at its end when it was not what the digest says. */
async function* checked(body: Pieces, digest: Buffer, count: (bytes: number) => number): Pieces {
  const sha256 = createHash("sha256");
  for await (const piece of body) {
    if (count(piece.byteLength) > limits.logUploadBytes) throw tooLarge("as sent", limits.logUploadBytes);
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
