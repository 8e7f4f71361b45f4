import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../platform/errors.ts";
import { requireOwnPage } from "./cookies.ts";

function refusalOf(headers: Record<string, string>): string | undefined {
  try {
    requireOwnPage({ headers } as unknown as FastifyRequest);
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error);
  }
}

describe("a request of a page of this server", () => {
  it.each([
    // Browsers add Sec-Fetch-Site where they trust the page: by HTTPS, and on the machine itself.
    ["https://till.example", "till.example"],
    ["http://localhost:8000", "localhost:8000"],
    ["http://till.localhost:8000", "till.localhost:8000"],
    ["http://127.0.0.1:8000", "127.0.0.1:8000"],
    ["http://[::1]:8000", "[::1]:8000"],
  ])("from %s counts, with the mark of the browser and without", (origin, host) => {
    expect(refusalOf({ origin, host, "sec-fetch-site": "same-origin" })).toBeUndefined();
    expect(refusalOf({ origin, host })).toBeUndefined();
  });

  it.each(["till.example:8000", "192.168.1.20:8000", "127.0.0.1.evil.example", "notlocalhost"])(
    "that came by plain HTTP from %s is refused in words",
    (host) => {
      expect(refusalOf({ origin: `http://${host}`, host })).toBe("secure_page_required");
    },
  );

  it("is not taken for one of another origin, nor a program for a page", () => {
    expect(refusalOf({ origin: "http://evil.example", host: "till.example" })).toBe("cross_origin_refused");
    expect(refusalOf({ origin: "null", host: "till.example" })).toBe("cross_origin_refused");
    expect(refusalOf({ host: "till.example" })).toBeUndefined();
  });
});
