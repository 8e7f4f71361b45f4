import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";

/** A request with which the device uploads or downloads a file. */
export interface FileRequest {
  method: string;
  /** The path below the transfer's URL: `` for the URL itself, `file` for the release. */
  what: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The answer to a request for files; `body` is sent as JSON. */
export interface FileAnswer {
  status: number;
  body: unknown;
}

/** Gives the answer to a request; `silent` leaves the request without an answer. */
export type AnswerFiles = (request: FileRequest) => FileAnswer | "silent";

const path = "/check-agent/files";

/** The uploads and downloads of operations. Each operation has a URL and a token of its own. */
export class Transfers {
  readonly #open = new Map<string, { token: string; answer: AnswerFiles }>();

  /** Makes the `transfer` of a command. Its URL has a query, which the protocol allows. */
  offer(serverUrl: string, expiresAt: Date, answer: AnswerFiles): Transfer {
    const id = randomUUID();
    const token = randomBytes(24).toString("base64url");
    this.#open.set(id, { token, answer });
    return { url: `${serverUrl}${path}/?transfer=${id}`, token, expires_at: expiresAt.toISOString() };
  }

  /** Answers a request; undefined for a request outside these URLs. */
  answer(url: URL, request: Omit<FileRequest, "what" | "query">): FileAnswer | "silent" | undefined {
    if (!url.pathname.startsWith(`${path}/`)) return undefined;
    const known = this.#open.get(url.searchParams.get("transfer") ?? "");
    if (!known) return failure(404, "not_found");
    if (request.headers.authorization !== `Bearer ${known.token}`) return failure(401, "invalid_token");
    return known.answer({ ...request, what: url.pathname.slice(path.length + 1), query: url.searchParams });
  }
}

/** An error answer in the form of the server. */
export function failure(status: number, code: string): FileAnswer {
  return { status, body: { error: { code, message: `check-agent answers ${status}`, errors: [] } } };
}
