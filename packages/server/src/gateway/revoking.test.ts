import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../platform/log.ts";
import { Revoking } from "./revoking.ts";

function tried(outcomes: ("told" | "away")[]) {
  const attempts: string[] = [];
  const revoking = new Revoking({
    log: createLogger("silent"),
    revoke: async (terminalId) => {
      attempts.push(terminalId);
      if (outcomes.shift() === "away") throw new Error("the broker is away");
    },
  });
  onTestFinished(() => revoking.close());
  return { attempts, revoking };
}

describe("ending connections", () => {
  it("goes on by itself while the broker is away, once for a terminal, and tells of its latest credential alone", async () => {
    const { attempts, revoking } = tried(["away", "away", "away"]);
    const ended: string[] = [];
    for (const credential of ["first", "second", "third"]) {
      await revoking.revoke("T1", async () => void ended.push(credential));
    }
    // The end of a connection without a credential takes nothing from the one that waits.
    await revoking.revoke("T1");
    await revoking.revoke("T2", async () => void ended.push("another terminal's"));
    await vi.waitUntil(() => ended.includes("third"));
    await vi.waitUntil(() => ended.includes("another terminal's"));
    expect(ended.toSorted()).toEqual(["another terminal's", "third"]);
    expect(attempts.filter((id) => id === "T1")).toHaveLength(3);
  });

  it("is over with the server", async () => {
    const { attempts, revoking } = tried(["away", "told"]);
    await revoking.revoke("T1", async () => {
      throw new Error("nobody is there to be told");
    });
    await revoking.close();
    expect(attempts).toEqual(["T1"]);
  });
});
