import { expect, test, vi } from "vitest";
import { close, result } from "../../test/support/entries.ts";
import { memoryJournal } from "./journal.ts";
import { WatchedJournal } from "./watched-journal.ts";

test("a journal that cannot be written is a fault of the device, from its start until something can be begun again", async () => {
  let room = false;
  const memory = memoryJournal(0);
  const probe = vi.fn<() => Promise<void>>(async () => {
    if (!room) throw new Error("no space left on device");
  });
  const changed = vi.fn<() => void>();
  const journal = new WatchedJournal({ ...memory, state: 0, probe }, { changed, closed: vi.fn<() => void>() });
  expect(journal.faultToReport()).toBeUndefined();
  expect(probe).not.toHaveBeenCalled();

  journal.checkWritable();
  await journal.checked();
  expect(changed).toHaveBeenCalledOnce();
  const fault = { code: "storage_failed", message: expect.stringContaining("no space left") };
  expect(journal.faultToReport()).toEqual(fault);
  await journal.checked();
  // A result found disk space; that does not show that an operation can begin.
  await journal.write(() => ({}));
  expect(journal.faultToReport()).toEqual(fault);
  await journal.checked();

  room = true;
  expect(journal.faultToReport()).toEqual(fault);
  await journal.checked();
  expect(journal.faultToReport()).toBeUndefined();
  expect(changed).toHaveBeenCalledTimes(2);
});

test("says when a batch was closed, and not when something else was answered or nothing was closed", async () => {
  const closed = vi.fn<() => void>();
  const journal = new WatchedJournal(memoryJournal(0), { changed: () => undefined, closed });
  await journal.write(() => ({ results: [result(), close("1", { result: { outcome: "declined", batch_id: "1" } })] }));
  expect(closed).not.toHaveBeenCalled();
  await journal.write(() => ({ results: [close("1")] }));
  expect(closed).toHaveBeenCalledOnce();
});
