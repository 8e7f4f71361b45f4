import { describe, expect, it } from "vitest";
import { signInLimits } from "./limits.ts";

const kari = "kari@kiosk.example";
const refusedBy = (limits: ReturnType<typeof signInLimits>, attempt: Parameters<typeof limits.begin>[0]) => {
  try {
    limits.begin(attempt);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("limits of signing in", () => {
  it("let a stranger's many networks lock nobody out where the person has signed in before", () => {
    const limits = signInLimits();
    for (let turn = 0; turn < 50; turn += 1) limits.begin({ network: `198.51.100.${turn}`, email: kari, known: false });
    expect(refusedBy(limits, { network: "203.0.113.1", email: kari, known: false })).toBe("sign_in_locked");
    expect(refusedBy(limits, { network: "192.0.2.1", email: kari, known: true })).toBeUndefined();
  });

  it("count guesses of one network over all addresses", () => {
    const limits = signInLimits();
    const at = (turn: number) => ({ network: "198.51.100.1", email: `${turn}@kiosk.example`, known: false });
    for (let turn = 0; turn < 50; turn += 1) limits.begin(at(turn));
    expect(refusedBy(limits, at(50))).toBe("sign_in_locked");
    expect(refusedBy(limits, { ...at(50), network: "192.0.2.1" })).toBeUndefined();
  });

  it("do not count right passwords", () => {
    const limits = signInLimits();
    const attempt = { network: "198.51.100.1", email: kari, known: false };
    for (let turn = 0; turn < 200; turn += 1) {
      limits.begin(attempt);
      limits.succeeded(attempt);
    }
    expect(refusedBy(limits, attempt)).toBeUndefined();
  });
});
