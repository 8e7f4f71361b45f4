import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { fileType } from "@tillkeeper/contract/http/files";
import type { Release } from "@tillkeeper/contract/http/releases";
import type { FileStore } from "../../files/file-store.ts";
import { ApiError } from "../../platform/errors.ts";
import { Answer, type Caller } from "../../platform/http/route.ts";
import { partOf } from "./ranges.ts";
import { getRelease, type ReleaseDeps, releaseIsStored, requireDraft } from "./releases.ts";

interface Upload {
  id: string;
  content: Readable;
  /** `Content-Length`, where it was sent. */
  length: number | undefined;
}

/**
 * Takes the file of a release, which is available from then on. Nothing of a file is kept that is not the announced one.
 * Throws `release_not_found`, `release_not_draft`, `file_mismatch`.
 */
export async function putFile(deps: ReleaseDeps, caller: Caller, { id, content, length }: Upload): Promise<Release> {
  const release = await getRelease(deps, caller.accountId, id);
  requireDraft(release);
  // Before a byte of it is read.
  if (length !== undefined && length !== release.size) throw mismatch(`has ${length} bytes, not ${release.size}`);
  await deps.files.put(nameOf(caller.accountId, id), announced(release, content));
  return releaseIsStored(deps, caller, id);
}

/** Passes a file on; fails as soon as it cannot be the announced one any more, so that the store keeps nothing of it. */
async function* announced({ size, sha256 }: Release, content: Readable): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunksOf(content)) {
    bytes += chunk.byteLength;
    if (bytes > size) throw mismatch(`has more than ${size} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (bytes !== size) throw mismatch(`has ${bytes} bytes, not ${size}`);
  const actual = hash.digest("hex");
  if (actual !== sha256) throw mismatch(`has the SHA-256 ${actual}`);
}

/** Not destroyed when it is not read to its end: its connection has to carry the answer that says why. */
async function* chunksOf(content: Readable): AsyncIterable<Uint8Array> {
  try {
    yield* content.iterator({ destroyOnReturn: false });
  } catch (error) {
    throw new ApiError("invalid_request", "The request broke off before the file was here.", { cause: error });
  }
}

function mismatch(message: string): ApiError {
  return new ApiError("file_mismatch", "The file is not the one that was announced; nothing was kept.", {
    errors: [{ path: "/body", message }],
  });
}

/** The file of a release, or the part that `Range` asks for. Throws `release_file_not_found`, `range_not_satisfiable`. */
export async function fileAnswer(
  files: FileStore,
  accountId: string,
  release: Release,
  headers: { range?: string | undefined; "if-range"?: string | undefined },
): Promise<Answer<Readable>> {
  const { size } = release;
  const etag = `"${release.sha256}"`;
  const wanted = headers["if-range"] === undefined || headers["if-range"] === etag ? headers.range : undefined;
  const part = partOf(wanted, size);
  const digest = `sha-256=:${Buffer.from(release.sha256, "hex").toString("base64")}:`;
  const body = release.status === "draft" ? undefined : await files.get(nameOf(accountId, release.id), part);
  if (!body) throw new ApiError("release_file_not_found", "The release has no file.");
  return new Answer(body, {
    status: part ? 206 : 200,
    headers: {
      "content-type": fileType,
      "content-length": String(part ? part.last - part.first + 1 : size),
      "accept-ranges": "bytes",
      etag,
      // Of the file as a whole; `content-digest` is of what this very answer carries (RFC 9530).
      "repr-digest": digest,
      ...(part ? { "content-range": `bytes ${part.first}-${part.last}/${size}` } : { "content-digest": digest }),
    },
  });
}

/** The store knows small letters only. */
export function nameOf(accountId: string, id: string): string {
  return `releases/${accountId.toLowerCase()}/${id}`;
}
