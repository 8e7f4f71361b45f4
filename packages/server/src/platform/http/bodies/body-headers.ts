import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyRequest, preParsingAsyncHookHandler } from "fastify";
import { ApiError } from "../../errors.ts";

/** What a route takes as its body. */
export interface TakenBody {
  /** Content types; none: the route takes no body. */
  types: readonly string[];
  /** The types among them whose parser handles an empty body itself. */
  emptyTypes?: readonly string[];
  /** Values of `Content-Encoding` beside `identity`. */
  encodings?: readonly string[];
}

declare module "fastify" {
  interface FastifyContextConfig {
    takes?: TakenBody;
  }
}

export const jsonType = "application/json";
export const formType = "application/x-www-form-urlencoded";

/**
 * Treats an empty body as no body, with any content type (D35): many HTTP clients name a type although they send no
 * body. The hook removes the headers that announce a body before the framework chooses a parser by them. A body that is
 * there must be UTF-8 and unencoded, but for the encodings that the route takes: otherwise it throws
 * `unsupported_media_type`.
 */
export function readBodyHeaders({ emptyTypes = [], encodings = [] }: TakenBody): preParsingAsyncHookHandler {
  return async ({ raw }, _reply, payload) => {
    const { headers } = raw;
    const handled = emptyTypes.includes(mediaType(headers["content-type"]));
    if (handled || (await hasBody(raw))) {
      requireReadable(headers, encodings);
      return payload;
    }
    delete headers["content-type"];
    delete headers["transfer-encoding"];
    return payload;
  };
}

/** The media type of a `Content-Type`, in lower case and without parameters; empty without one. */
export function mediaType(header: string | undefined): string {
  return header?.split(";")[0]?.trim().toLowerCase() ?? "";
}

async function hasBody(raw: IncomingMessage): Promise<boolean> {
  const { headers } = raw;
  if (headers["transfer-encoding"] === undefined) return Number(headers["content-length"] ?? 0) > 0;
  return !(await endsAtOnce(raw));
}

/**
 * Whether a chunked body ends before its first byte. Waits for that byte as long as a body may take, and puts it back.
 */
async function endsAtOnce(body: IncomingMessage): Promise<boolean> {
  if (body.readableEnded) return true;
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      body.off("readable", look).off("end", end).off("error", cut).off("close", cut);
      outcome();
    };
    const look = () => {
      const chunk: Buffer | null = body.read();
      if (chunk === null) return;
      body.unshift(chunk);
      settle(() => resolve(false));
    };
    const end = () => settle(() => resolve(true));
    const cut = () => settle(() => reject(new ApiError("invalid_request", "The body ended before it was whole.")));
    body.on("readable", look).on("end", end).on("error", cut).on("close", cut);
  });
}

const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i;
/** US-ASCII is a part of UTF-8. */
const readableCharsets = new Set(["utf-8", "utf8", "us-ascii"]);

function requireReadable(headers: IncomingHttpHeaders, encodings: readonly string[]): void {
  const foreign = listOf(headers["content-encoding"]).find((name) => name !== "identity" && !encodings.includes(name));
  if (foreign !== undefined) {
    const accepted = ["identity", ...encodings].join(", ");
    const text = `The body came with Content-Encoding ${quoted(foreign)}; send it without Content-Encoding.`;
    throw new ApiError("unsupported_media_type", text, { headers: { "accept-encoding": accepted } });
  }
  const coding = listOf(headers["transfer-encoding"]).find((name) => name !== "chunked");
  if (coding !== undefined) {
    const text = `The body came with Transfer-Encoding ${quoted(coding)}; this server knows only chunked.`;
    throw new ApiError("unsupported_media_type", text);
  }
  const named = charset.exec(headers["content-type"] ?? "")?.[1];
  if (named === undefined || readableCharsets.has(named.toLowerCase())) return;
  const text = `The body came in the charset ${quoted(named)}; send it in UTF-8, which needs no charset.`;
  throw new ApiError("unsupported_media_type", text);
}

function listOf(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
}

/** The refusal of a body whose content type the route does not take: what came, and what to send. */
export function unsupportedType({ headers, routeOptions }: FastifyRequest): ApiError {
  const types = routeOptions.config.takes?.types ?? [];
  const named = headers["content-type"];
  const came = named ? `The body came as ${quoted(named)}` : "A body came without Content-Type";
  const slip = mediaType(named) === formType && types.includes(jsonType);
  const send =
    types.length === 0
      ? "this address takes no body: leave it out, and Content-Type with it"
      : `send Content-Type: ${types.join(" or ")}${slip ? ` (curl: -H "Content-Type: ${jsonType}")` : ""}`;
  return new ApiError("unsupported_media_type", `${came}; ${send}.`);
}

const longestQuote = 80;

function quoted(text: string): string {
  return JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text);
}
