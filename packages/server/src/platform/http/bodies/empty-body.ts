import type { IncomingMessage } from "node:http";
import type { preParsingAsyncHookHandler } from "fastify";
import { ApiError } from "../../errors.ts";

/**
 * Treats an empty body as no body, with any content type (D35): many HTTP clients name a type although they send no
 * body. The hook removes the headers that announce a body before the framework chooses a parser by them. `leftAlone`
 * are content types whose parser handles an empty body itself.
 */
export function ignoreEmptyBody(leftAlone: readonly string[] = []): preParsingAsyncHookHandler {
  return async ({ raw }, _reply, payload) => {
    const { headers } = raw;
    if (leftAlone.includes(mediaType(headers["content-type"]))) return payload;
    const chunked = headers["transfer-encoding"] !== undefined;
    if (chunked ? !(await endsAtOnce(raw)) : Number(headers["content-length"] ?? 0) > 0) return payload;
    delete headers["content-type"];
    delete headers["transfer-encoding"];
    return payload;
  };
}

function mediaType(header: string | undefined): string {
  return header?.split(";")[0]?.trim().toLowerCase() ?? "";
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
