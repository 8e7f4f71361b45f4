/** The place of a span in a trace. */
export interface TracePlace {
  traceId: string;
  spanId: string;
  /** Whether the beginner of the trace wants it recorded. */
  recorded: boolean;
}

const form = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** Reads a `traceparent` of W3C Trace Context, version 00. Undefined for any other text. */
export function readTraceparent(text: string): TracePlace | undefined {
  const [, traceId = "", spanId = "", flags = ""] = form.exec(text) ?? [];
  // Ids of zeros alone are invalid.
  if (!/[^0]/.test(traceId) || !/[^0]/.test(spanId)) return undefined;
  return { traceId, spanId, recorded: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes the `traceparent` of a span that is recorded. */
export function writeTraceparent({ traceId, spanId }: Pick<TracePlace, "traceId" | "spanId">): string {
  return `00-${traceId}-${spanId}-01`;
}
