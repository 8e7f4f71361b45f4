import { downChannels } from "@tillkeeper/contract/mqtt/topics";
import { describe, expect, it } from "vitest";
import { grantedOf, noSubscriptions, withGranted } from "./subscriptions.ts";

describe("what a connection has subscribed to", () => {
  it("is nothing at first", () => {
    expect(downChannels.map((channel) => grantedOf(noSubscriptions, channel))).toEqual(
      downChannels.map(() => undefined),
    );
  });

  it.each(downChannels)("names %s apart from every other channel, with its QoS, until it is taken back", (channel) => {
    for (const qos of [0, 1]) {
      const all = withGranted(noSubscriptions, channel, qos);
      for (const other of downChannels) expect(grantedOf(all, other)).toBe(other === channel ? qos : undefined);
      expect(withGranted(all, channel, undefined)).toBe(noSubscriptions);
    }
  });

  it.each(["+", "#"])("is every channel with %s, and the highest QoS of those that fit counts", (filter) => {
    const all = withGranted(withGranted(noSubscriptions, filter, 0), "command", 1);
    expect(grantedOf(all, "command")).toBe(1);
    expect(grantedOf(all, "receipt")).toBe(0);
    expect(grantedOf(withGranted(all, "command", 0), "command")).toBe(0);
    expect(grantedOf(withGranted(all, filter, undefined), "receipt")).toBeUndefined();
  });

  it("has no place for a filter that no device may have", () => {
    expect(() => withGranted(noSubscriptions, "result", 1)).toThrow("result");
  });
});
