import { expect, test, vi } from "vitest";
import { type JournalEntry, memoryJournal } from "./journal.ts";
import { WatchedJournal } from "./watched-journal.ts";

const entry: JournalEntry = {
  operation_id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
  operation: "open_menu",
  parameters: {},
  created_at: "2026-06-29T12:00:00.000Z",
  expires_at: "2026-06-29T12:00:15.000Z",
  phase: "started",
};

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
  await journal.write({ ...entry, phase: "answered" });
  expect(journal.tellFault()).toEqual(fault);
  await journal.looked();

  room = true;
  expect(journal.tellFault()).toEqual(fault);
  await journal.looked();
  expect(journal.tellFault()).toBeUndefined();
  expect(changed).toHaveBeenCalledTimes(2);
});
