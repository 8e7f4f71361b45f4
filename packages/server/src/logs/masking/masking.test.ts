import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../../platform/log/log.ts";
import { CardMask } from "./card-mask.ts";
import { type Masking, openMasking } from "./masking.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (pieces: Uint8Array[]) => Buffer.concat(pieces).toString();

function opened(options: Partial<Parameters<typeof openMasking>[0]> = {}): Masking {
  const masking = openMasking({ log: createLogger("silent"), threads: 1, ...options });
  onTestFinished(() => masking.close());
  return masking;
}

/** Fails at a piece that begins so, and gives every other one back. */
const failing = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ upload, piece }) => {
      if (piece?.[0] === 33) throw new Error("a fault");
      if (piece?.[0] === 63) process.exit(3);
      parentPort.postMessage({ upload, text: piece ?? new Uint8Array(), count: 0 });
    });`)}`,
);

describe("logs that are masked beside the requests", () => {
  it("are masked as a whole, several at a time, on other threads", async () => {
    const here = vi.spyOn(CardMask.prototype, "write");
    onTestFinished(() => here.mockRestore());
    const masking = opened({ threads: 2 });
    const mask = async (account: string, pieces: string[]) => {
      const log = masking.open(account);
      const out: Uint8Array[] = [];
      for (const piece of pieces) out.push(await log.write(bytes(piece)));
      out.push(await log.end());
      log.close();
      return [text(out), log.count];
    };
    const logs = Array.from({ length: 9 }, (_, index) =>
      mask(`T${index % 3}`, [`${index} card 41111`, "11111111", "111\n"]),
    );
    expect(await Promise.all(logs)).toEqual(logs.map((_, index) => [`${index} card 411111******1111\n`, 1]));
    expect(here).not.toHaveBeenCalled();
  });

  it("leave a piece as it is, also one that is cut from a larger buffer", async () => {
    const masking = opened();
    const log = masking.open("T1");
    const whole = bytes("before 4111111111111111 behind");
    const piece = whole.subarray(7, 23);
    expect(text([await log.write(piece), await log.end()])).toBe("411111******1111");
    expect(text([whole])).toBe("before 4111111111111111 behind");
    log.close();
  });

  it("have turns by account: one with many waits for itself", async () => {
    const masking = opened();
    const order: string[] = [];
    const piece = bytes("x".repeat(1_000));
    const uploads = (account: string, count: number) =>
      Array.from({ length: count }, async () => {
        const log = masking.open(account);
        await log.write(piece);
        order.push(account);
        log.close();
      });
    const greedy = uploads("greedy", 30);
    await Promise.all([...uploads("one", 1), ...uploads("other", 1), ...greedy]);
    // One is in hand already; the others take their turns.
    expect(order.slice(0, 4).sort()).toEqual(["greedy", "greedy", "one", "other"]);
  });

  it("are forgotten when they are given up while they wait", async () => {
    const masking = opened();
    const [first, given] = [masking.open("T1"), masking.open("T1")];
    const waiting = [first.write(bytes("4111 1111")), given.write(bytes("4111 1111"))];
    given.close();
    given.close();
    await Promise.all(waiting);
    expect(text([await first.write(bytes(" 1111 1111")), await first.end()])).toBe("4111 11** **** 1111");
    first.close();
  });

  it.each([
    ["fails", "!", /failed/],
    ["ends", "?", /ended with code 3/],
  ])("fail clearly when their thread %s, and the next ones get another", async (_how, piece, message) => {
    const log = createLogger("silent");
    const error = vi.spyOn(log, "error").mockReturnValue();
    const masking = opened({ log, script: failing });
    const [broken, beside] = [masking.open("T1"), masking.open("T2")];
    const both = [broken.write(bytes(piece)), beside.write(bytes("text"))];
    for (const write of both) await expect(write).rejects.toThrow(message);
    await expect(beside.end()).rejects.toThrow(message);
    broken.close();
    beside.close();
    expect(error).toHaveBeenCalledOnce();
    const next = masking.open("T1");
    expect(text([await next.write(bytes("text"))])).toBe("text");
    next.close();
  });

  it("fail when the server ends, and none begins after that", async () => {
    const masking = opened();
    const log = masking.open("T1");
    const write = log.write(bytes("x".repeat(100_000)));
    await Promise.all([expect(write).rejects.toThrow("the server ends"), masking.close()]);
    log.close();
    expect(() => masking.open("T1")).toThrow("the server ends");
  });
});
