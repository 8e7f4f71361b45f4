import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../../../platform/log/log.ts";
import { ConnectionEnder } from "./end-connections.ts";

function tried(outcomes: ("told" | "away")[]) {
  const attempts: string[] = [];
  const revoking = new ConnectionEnder({
    log: createLogger("silent"),
    revoke: async (address) => {
      attempts.push(address);
      if (outcomes.shift() === "away") throw new Error("the broker is away");
    },
  });
  onTestFinished(() => revoking.close());
  return { attempts, revoking };
}

describe("ending connections", () => {
  it("goes on by itself while the broker is away, once for an address", async () => {
    const { attempts, revoking } = tried(["away", "away", "away", "told", "told"]);
    await Promise.all([revoking.revoke("D1"), revoking.revoke("D1")]);
    await revoking.revoke("D1");
    await revoking.revoke("D2");
    await vi.waitUntil(() => attempts.length === 5);
    expect(attempts.slice(0, 3)).toEqual(["D1", "D1", "D2"]);
    expect(attempts.slice(3).toSorted()).toEqual(["D1", "D2"]);
    // After success, a second call is a new attempt.
    await revoking.revoke("D1");
    expect(attempts).toHaveLength(6);
  });

  it("is over with the server", async () => {
    const { attempts, revoking } = tried(["away", "told"]);
    await revoking.revoke("D1");
    await revoking.close();
    expect(attempts).toEqual(["D1"]);
  });
});
