import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FileStore } from "./file-store.ts";
import { storeWithTimeout } from "./timeouts.ts";

const patienceMs = 1_000;

/** A store that takes `msPerPiece` for each piece. */
function slowStore(msPerPiece: number): FileStore {
  const pause = () => new Promise<void>((resolve) => void setTimeout(resolve, msPerPiece));
  return {
    async put(_name, content) {
      let bytes = 0;
      for await (const piece of content) {
        bytes += piece.byteLength;
        await pause();
      }
      return { bytes };
    },
    async get() {
      await pause();
      async function* pieces() {
        for (const piece of ["a", "b"]) {
          yield Buffer.from(piece);
          await pause();
        }
      }
      return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
    },
    remove: pause,
  };
}

async function* slowSource(msPerPiece: number): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 3; piece += 1) {
    await new Promise<void>((resolve) => void setTimeout(resolve, msPerPiece));
    yield Buffer.from("x");
  }
}

function failureOf(work: Promise<unknown> | undefined): Promise<unknown> {
  return Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("patience with a store", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    const left = vi.getTimerCount();
    vi.useRealTimers();
    if (left > 0) throw new Error("a timer is left that would keep a process from ending");
  });
  const storeOf = (msPerPiece: number) =>
    storeWithTimeout(slowStore(msPerPiece), patienceMs, new AbortController().signal);
  const unavailable = { code: "service_unavailable" };

  it("does not count what the source takes, and lasts for each piece anew", async () => {
    const kept = storeOf(patienceMs - 1).put("a", slowSource(10 * patienceMs));
    await vi.runAllTimersAsync();
    expect(await kept).toEqual({ bytes: 3 });
  });

  it("ends when the store takes longer for one piece", async () => {
    const kept = failureOf(storeOf(patienceMs + 1).put("a", slowSource(1)));
    await vi.runAllTimersAsync();
    expect(await kept).toMatchObject(unavailable);
  });

  it("does not count what a reader takes", async () => {
    const opening = storeOf(patienceMs - 1).get("a");
    await vi.advanceTimersByTimeAsync(patienceMs);
    const content = await opening;
    await vi.advanceTimersByTimeAsync(10 * patienceMs);
    const read = content && text(content);
    await vi.runAllTimersAsync();
    expect(await read).toBe("ab");
  });

  it("ends when reading does not go on", async () => {
    let hangs = false;
    const opening = storeWithTimeout(
      { ...slowStore(1), get: async () => Readable.from(once(), { objectMode: false, highWaterMark: 1 }) },
      patienceMs,
      new AbortController().signal,
    ).get("a");
    async function* once() {
      yield Buffer.from("a");
      hangs = true;
      await new Promise(() => {});
    }
    const content = await opening;
    const read = failureOf(content ? text(content) : undefined);
    await vi.runAllTimersAsync();
    expect(await read).toMatchObject({ message: expect.stringContaining("did not go on") });
    expect(hangs).toBe(true);
  });

  it("passes on what the source fails with", async () => {
    const failure = new Error("the link broke");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw failure;
    }
    const kept = failureOf(storeOf(1).put("a", failing()));
    await vi.runAllTimersAsync();
    expect(await kept).toBe(failure);
  });
});
