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
 * The journal of a device with a password, which cannot ask for another address: so a second file, `notedAt`, says which
 * addresses it has begun journals for. Rejects with `MemoryLostError` for one of those whose journal is lost or old, and for a
 * journal that cannot be read where nothing says whose it is; otherwise for notes that cannot be read.
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
  // After the journal, and before anybody connects: from now on it can get lost.
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
