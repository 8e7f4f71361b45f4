import { describe, expect, it } from "vitest";
import { ApiError } from "./errors.ts";

const retryAfter = (retryAfterSeconds?: number) =>
  new ApiError("too_many_requests", "Wait.", { retryAfterSeconds }).headers["retry-after"];

describe("Retry-After", () => {
  it("is whole seconds, never too early, at least one and at most an hour", () => {
    expect([0, -5, 0.2, 1, 1.001, 59.5, 3_600, 1e9].map(retryAfter)).toEqual([
      "1",
      "1",
      "1",
      "1",
      "2",
      "60",
      "3600",
      "3600",
    ]);
  });

  it("is what the contract says of the code where nothing better is known, and absent where nothing passes by itself", () => {
    expect(retryAfter()).toBe("1");
    expect(new ApiError("register_unavailable", "Later.").headers).toEqual({ "retry-after": "10" });
    expect(new ApiError("terminal_not_found", "No.").headers).toEqual({});
    const headers = { "www-authenticate": "Basic" };
    expect(new ApiError("invalid_client", "No.", { headers }).headers).toEqual(headers);
  });
});
