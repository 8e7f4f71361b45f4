import { EventEmitter, once } from "node:events";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { batched } from "./load/batch.ts";
import { keepLimit, limitedTo, sharedWork, storeLimit } from "./store-limit.ts";

describe("the limit to stores", () => {
  it("holds for all that a handler calls and awaits, and for nothing else", async () => {
    const seen = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return storeLimit();
    };
    const found = await Promise.all([limitedTo(["A"], seen), seen(), limitedTo(["B"], seen), limitedTo([], seen)]);
    expect(found).toEqual([["A"], undefined, ["B"], []]);
  });

  it("holds in a stream that is read after the handler has returned", async () => {
    const rows = async function* () {
      for (let row = 0; row < 5; row += 1) {
        await Promise.resolve();
        // More than a stream keeps, so that it is read on from outside.
        yield `${storeLimit()?.join() ?? "none"} `.repeat(20_000);
      }
    };
    const made = (keeps: boolean) =>
      limitedTo(["A"], () => {
        const body = Readable.from(rows(), { objectMode: false });
        if (keeps) keepLimit(body);
        return body;
      });
    const words = async (body: Readable) => new Set((await text(body)).trim().split(" "));
    expect(await words(made(true))).toEqual(new Set(["A"]));
    // Without it the stream is read in the context of its reader.
    expect(await words(made(false))).toEqual(new Set(["none"]));
  });

  it("does not hold for work that several callers share", async () => {
    expect(limitedTo(["A"], () => sharedWork(storeLimit))).toBeUndefined();
    const gate = new EventEmitter();
    const call = batched<string, string>({
      slots: 1,
      maxBatch: 1,
      maxQueue: 9,
      overload: () => new Error("full"),
      run: async (batch) => {
        if (batch[0] === "first") await once(gate, "open");
        return batch.map(() => storeLimit()?.join() ?? "none");
      },
    });
    const first = limitedTo(["A"], () => call("first"));
    const second = call("second");
    const third = limitedTo(["B"], () => call("third"));
    gate.emit("open");
    expect(await Promise.all([first, second, third])).toEqual(["none", "none", "none"]);
  });
});
