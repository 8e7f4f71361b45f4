import { claimFileJournal, type FileJournalOptions, MemoryLostError, openFileJournal } from "../memory/file-journal.ts";
import type { Journal } from "../memory/journal.ts";
import type { DeviceToken, GivenToken } from "./pairing.ts";

export interface RememberedDevice<State> {
  token: DeviceToken;
  /** It says that it is that of the token's address. */
  journal: Journal<State>;
  /** Another address had to be asked for. */
  memoryLost: boolean;
}

/**
 * Brings a paired device's token and its memory together: whoever answers for an address remembers what it did as that. A
 * device without the journal of its address is given another one by `askAnew`, which asks with `memoryLost`. After a crash
 * between any two steps that happens again, with yet another address.
 */
export async function rememberedDevice<State>(
  { token, isNew }: GivenToken,
  journal: FileJournalOptions<State>,
  askAnew: () => Promise<DeviceToken>,
): Promise<RememberedDevice<State>> {
  if (isNew) return { token, journal: await claimFileJournal(journal, token.address), memoryLost: false };
  try {
    return { token, journal: await openFileJournal(journal, token.address), memoryLost: false };
  } catch (cause) {
    if (!(cause instanceof MemoryLostError)) throw cause;
  }
  const another = await askAnew();
  return { token: another, journal: await claimFileJournal(journal, another.address), memoryLost: true };
}
