import { expect, test, vi } from "vitest";
import { memoryJournal } from "./journal.ts";
import { WatchedJournal } from "./watched-journal.ts";

test("a journal that cannot be written is a fault of the device, from its start until something can be begun again", async () => {
  let room = false;
  const memory = memoryJournal(0);
  const probe = vi.fn<() => Promise<void>>(async () => {
    if (!room) throw new Error("no space left on device");
  });
  const changed = vi.fn<() => void>();
  const journal = new WatchedJournal({ ...memory, state: 0, probe }, changed);
  expect(journal.tellFault()).toBeUndefined();
  expect(probe).not.toHaveBeenCalled();

  journal.look();
  await journal.looked();
  expect(changed).toHaveBeenCalledOnce();
  const fault = { code: "storage_failed", message: expect.stringContaining("no space left") };
  expect(journal.tellFault()).toEqual(fault);
  await journal.looked();
  // An answer found room; that is no room to begin with.
  await journal.write(() => ({}));
  expect(journal.tellFault()).toEqual(fault);
  await journal.looked();

  room = true;
  expect(journal.tellFault()).toEqual(fault);
  await journal.looked();
  expect(journal.tellFault()).toBeUndefined();
  expect(changed).toHaveBeenCalledTimes(2);
});
