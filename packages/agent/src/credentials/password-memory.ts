import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { replaceFile } from "../memory/durable-file.ts";
import {
  claimFileJournal,
  type FileJournalOptions,
  MemoryLostError,
  openFileJournal,
  readFileJournal,
} from "../memory/file-journal.ts";
import type { Journal } from "../memory/journal.ts";

/**
 * Opens the journal of a device with a password. Such a device cannot request another address, so a second file,
 * `notedAt`, lists the addresses for which it has begun journals. Rejects with `MemoryLostError` when the journal of a
 * listed address is lost or old, and for an unreadable journal while the list is empty. Rejects with another error when
 * the list is unreadable.
 */
export async function openPasswordJournal<State>(
  journal: FileJournalOptions<State>,
  { address, notedAt }: { address: string; notedAt: string },
): Promise<Journal<State>> {
  const noted = await readNotes(notedAt);
  if (noted.includes(address)) return openFileJournal(journal, address);
  const isUnknown = noted.length === 0 && existsSync(journal.path) && !(await readFileJournal(journal));
  if (isUnknown) throw new MemoryLostError(journal.path, "cannot be read, and may be this one's");
  const opened = await claimFileJournal(journal, address);
  // Written after the journal and before the agent connects: from now on a missing journal counts as lost.
  await replaceFile(notedAt, `${JSON.stringify([...noted, address])}\n`);
  return opened;
}

async function readNotes(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw cause;
  }
  return JSON.parse(text);
}
