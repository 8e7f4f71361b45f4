import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { fileType } from "@tillkeeper/contract/http/files";
import type { Release } from "@tillkeeper/contract/http/releases";
import type { FileStore } from "../../files/file-store.ts";
import { missingFile } from "../../files/missing-file.ts";
import { ApiError } from "../../platform/errors.ts";
import { namesTag } from "../../platform/http/preconditions.ts";
import { Answer, type Caller } from "../../platform/http/route.ts";
import { parseRange } from "./ranges.ts";
import { getRelease, makeAvailable, type ReleaseDeps, requireDraft } from "./releases.ts";

interface Upload {
  id: string;
  content: Readable;
  /** `Content-Length`, where it was sent. */
  length: number | undefined;
}

/**
 * Stores the file of a release, which becomes available with it. A file that differs from the announced one is not
 * kept. Throws `release_not_found`, `release_not_draft`, `file_mismatch`.
 */
export async function putFile(deps: ReleaseDeps, caller: Caller, { id, content, length }: Upload): Promise<Release> {
  const release = await getRelease(deps, caller.accountId, id);
  requireDraft(release);
  // Checked before the body is read.
  if (length !== undefined && length !== release.size) throw mismatch(`has ${length} bytes, not ${release.size}`);
  await deps.files.put(nameOf(caller.accountId, id), checked(release, content));
  return makeAvailable(deps, caller, id);
}

/** Passes a file on. Fails as soon as it differs from the announced one, so that the store keeps nothing of it. */
async function* checked({ size, sha256 }: Release, content: Readable): AsyncIterable<Uint8Array> {
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

/** Does not destroy a body that is not read to its end: its connection has to carry the answer with the reason. */
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

/**
 * Answers with the file of a release, or the part that `Range` names. Throws `release_file_not_found`,
 * `range_not_satisfiable`, and `service_unavailable` when the file of an available release is missing.
 */
export async function fileAnswer(
  files: FileStore,
  accountId: string,
  release: Release,
  headers: IncomingHttpHeaders,
): Promise<Answer<Readable>> {
  const { size } = release;
  const etag = `"${release.sha256}"`;
  const wanted = headers["if-range"] === undefined || headers["if-range"] === etag ? headers.range : undefined;
  const part = parseRange(wanted, size);
  const digest = `sha-256=:${Buffer.from(release.sha256, "hex").toString("base64")}:`;
  const isThere = release.status !== "draft";
  if (isThere && namesTag(headers, etag)) return new Answer(Readable.from([]), { status: 304, headers: { etag } });
  const name = nameOf(accountId, release.id);
  const body = isThere ? await files.get(name, part) : undefined;
  // The file of a release that was withdrawn is removed in the end.
  if (!body && release.status === "available") throw missingFile(name);
  if (!body) throw new ApiError("release_file_not_found", "The release has no file.");
  return new Answer(body, {
    status: part ? 206 : 200,
    headers: {
      "content-type": fileType,
      "content-length": String(part ? part.last - part.first + 1 : size),
      "accept-ranges": "bytes",
      etag,
      // Digest of the whole file; `content-digest` is of this answer's body (RFC 9530).
      "repr-digest": digest,
      ...(part ? { "content-range": `bytes ${part.first}-${part.last}/${size}` } : { "content-digest": digest }),
    },
  });
}

/** Name of a release's file in the store, which allows lower case only. */
export function nameOf(accountId: string, id: string): string {
  return `releases/${accountId.toLowerCase()}/${id}`;
}
