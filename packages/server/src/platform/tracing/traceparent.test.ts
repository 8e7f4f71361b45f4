import { describe, expect, it } from "vitest";
import { readTraceparent, writeTraceparent } from "./traceparent.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("a traceparent", () => {
  it("is read as it was written", () => {
    const text = writeTraceparent({ traceId, spanId });
    expect(text).toBe(`00-${traceId}-${spanId}-01`);
    expect(readTraceparent(text)).toEqual({ traceId, spanId, recorded: true });
    expect(readTraceparent(`00-${traceId}-${spanId}-00`)).toEqual({ traceId, spanId, recorded: false });
    expect(readTraceparent(`00-${traceId}-${spanId}-03`)).toMatchObject({ recorded: true });
  });

  it.each([
    "",
    traceId,
    `01-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01\n`,
  ])("of another form is none: %s", (text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});
