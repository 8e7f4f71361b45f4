import { claimFileJournal, type FileJournalOptions, MemoryLostError, openFileJournal } from "../memory/file-journal.ts";
import type { Journal } from "../memory/journal.ts";
import type { DeviceToken, GivenToken } from "./pairing.ts";

/** A paired device that can connect: a token and the journal of the token's address. */
export interface DeviceMemory<State> {
  token: DeviceToken;
  /** The journal; its address is the token's. */
  journal: Journal<State>;
  /** Whether the device's journal was lost, so that another address was requested. */
  memoryLost: boolean;
}

/**
 * Opens the journal that belongs to a paired device's token: a device must remember what it did under its address.
 * Without that journal, `askAnew` requests a token with `memoryLost`, which has another address. After a crash between
 * any two steps this happens again, with yet another address. Rejects when `askAnew` rejects or the journal cannot be
 * written.
 */
export async function openDeviceMemory<State>(
  { token, isNew }: GivenToken,
  journal: FileJournalOptions<State>,
  askAnew: () => Promise<DeviceToken>,
): Promise<DeviceMemory<State>> {
  if (isNew) return { token, journal: await claimFileJournal(journal, token.address), memoryLost: false };
  try {
    return { token, journal: await openFileJournal(journal, token.address), memoryLost: false };
  } catch (cause) {
    if (!(cause instanceof MemoryLostError)) throw cause;
  }
  const another = await askAnew();
  return { token: another, journal: await claimFileJournal(journal, another.address), memoryLost: true };
}
