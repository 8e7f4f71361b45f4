import { describe, expect, it } from "vitest";
import { PublishWindow } from "./publish-window.ts";

/** A broker that acknowledges when it is told to. */
function slowBroker() {
  const acknowledgements: (() => void)[] = [];
  let most = 0;
  let now = 0;
  const publish = () =>
    new Promise<void>((resolve) => {
      now += 1;
      most = Math.max(most, now);
      acknowledgements.push(() => {
        now -= 1;
        resolve();
      });
    });
  const acknowledgeAll = async () => {
    while (acknowledgements.length > 0) {
      acknowledgements.shift()?.();
      await new Promise(setImmediate);
    }
  };
  return { publish, acknowledgements, acknowledgeAll, most: () => most };
}

describe("PublishWindow", () => {
  it("never has more under way than its size, and sends everything in the end", async () => {
    const broker = slowBroker();
    const window = new PublishWindow({ size: 3 });
    const sent = Array.from({ length: 20 }, () => window.run(broker.publish));
    expect(broker.acknowledgements).toHaveLength(3);
    await broker.acknowledgeAll();
    await Promise.all(sent);
    expect(broker.most()).toBe(3);
  });

  it("goes on after a failure", async () => {
    const window = new PublishWindow({ size: 1 });
    const failed = window.run(() => Promise.reject(new Error("no")));
    const next = window.run(() => Promise.resolve());
    await expect(failed).rejects.toThrow("no");
    await expect(next).resolves.toBeUndefined();
  });

  it("refuses what would wait behind too many", async () => {
    const broker = slowBroker();
    const window = new PublishWindow({ size: 1, mostWaiting: 1 });
    const sent = [window.run(broker.publish), window.run(broker.publish)];
    await expect(window.run(broker.publish)).rejects.toThrow("does not keep up");
    await broker.acknowledgeAll();
    await Promise.all(sent);
  });

  it("lets go of everything when it is closed", async () => {
    const broker = slowBroker();
    const window = new PublishWindow({ size: 1 });
    const sent = [window.run(broker.publish), window.run(broker.publish)];
    window.close(new Error("gone"));
    for (const one of sent) await expect(one).rejects.toThrow("gone");
    await expect(window.run(broker.publish)).rejects.toThrow("gone");
    expect(broker.acknowledgements).toHaveLength(1);
  });
});
