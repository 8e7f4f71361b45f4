import { describe, expect, it } from "vitest";
import { type CloseOperation, closeEndOf } from "./close-end.ts";

describe("the end of a close", () => {
  const ends: [CloseOperation, string][] = [
    [{ status: "PENDING" }, "pending"],
    [{ status: "COMPLETED", outcome: "accepted" }, "closed"],
    [{ status: "COMPLETED", outcome: "unconfirmed" }, "closed"],
    [{ status: "COMPLETED", outcome: "declined" }, "declined"],
    [{ status: "FAILED", reason: "device_error" }, "not_closed"],
    [{ status: "FAILED", reason: "device_error", unknownEnd: true }, "unknown"],
    [{ status: "FAILED", reason: "storage_failed" }, "unknown"],
    [{ status: "FAILED", reason: "out_of_step" }, "not_closed"],
    [{ status: "FAILED", reason: "cancelled" }, "not_closed"],
    [{ status: "TIMEOUT", reason: "unreachable" }, "not_closed"],
    [{ status: "TIMEOUT", reason: "not_delivered" }, "unanswered"],
    [{ status: "TIMEOUT", reason: "no_answer" }, "unanswered"],
    [{ status: "TIMEOUT", reason: "invalid_result" }, "unknown"],
    [{ status: "TIMEOUT", reason: "no_answer", late: { status: "COMPLETED", outcome: "accepted" } }, "closed"],
    [{ status: "TIMEOUT", reason: "no_answer", late: { status: "COMPLETED", outcome: "declined" } }, "declined"],
    [{ status: "TIMEOUT", reason: "no_answer", late: { status: "FAILED", reason: "expired" } }, "not_closed"],
    [{ status: "TIMEOUT", reason: "no_answer", late: { status: "FAILED", unknownEnd: true } }, "unknown"],
    [{ status: "FAILED", reason: "cancelled", late: { status: "COMPLETED", outcome: "accepted" } }, "closed"],
  ];
  it.each(ends)("%j: %s", (operation, end) => {
    expect(closeEndOf(operation)).toBe(end);
  });
});
