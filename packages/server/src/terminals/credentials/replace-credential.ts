import { deviceAddress, nextDeviceNumber } from "@tillkeeper/contract/addresses";
import { limits } from "@tillkeeper/contract/limits";
import type { JWK } from "jose";
import type { Kysely } from "kysely";
import { sha256 } from "../../access/auth/secrets/secrets.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { Clock } from "../../platform/clock.ts";
import { dayMs } from "../../platform/time-spans.ts";
import type { TerminalKey } from "../terminal-keys.ts";

/** What a device authenticates with: a password, or the key and serial number that it has paired with. */
type Proof =
  | { password: string; publicKey?: undefined }
  | { publicKey: JWK; serialNumber: string; password?: undefined };

export interface Replaced {
  address: string;
  /** The address that the new one replaces. */
  former: string | undefined;
}

/**
 * Gives a terminal a credential for another device: a new address, and a new password or key. The caller has locked the
 * terminal, or no other transaction writes its credential.
 */
export async function replaceCredential(
  db: Kysely<Tables>,
  clock: Clock,
  { accountId, terminalId }: TerminalKey,
  proof: Proof,
): Promise<Replaced> {
  const former = await leaveAddress(db, clock, { accountId, terminalId });
  const address = await nextAddress(db, clock, { accountId, terminalId });
  const credential = {
    address,
    secret_sha256: proof.password === undefined ? null : sha256(proof.password),
    public_key: proof.publicKey ? JSON.stringify(proof.publicKey) : null,
    device_serial_number: proof.publicKey ? proof.serialNumber : null,
    created_at: clock.now(),
    token_lapses: 0,
    lapse_due_at: null,
    lapsed_at: null,
  };
  await db
    .insertInto("terminal_credentials")
    .values({ account_id: accountId, terminal_id: terminalId, ...credential })
    .onConflict((conflict) => conflict.columns(["account_id", "terminal_id"]).doUpdateSet(credential))
    .execute();
  return { address, former };
}

/** Gives a device that still has its memory another password. False when the address is not the terminal's any more. */
export async function changePassword(
  db: Kysely<Tables>,
  { accountId, address }: { accountId: string; address: string },
  password: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("terminal_credentials")
    .set({ secret_sha256: sha256(password) })
    .where("account_id", "=", accountId)
    .where("address", "=", address)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives the paired device another address; its key stays. Undefined when `address` is not the terminal's any more. */
export async function changeAddress(
  db: Kysely<Tables>,
  clock: Clock,
  { accountId, terminalId, address }: TerminalKey & { address: string },
): Promise<string | undefined> {
  await leaveAddress(db, clock, { accountId, terminalId });
  const next = await nextAddress(db, clock, { accountId, terminalId });
  const row = await db
    .updateTable("terminal_credentials")
    .set({ address: next, token_lapses: 0, lapse_due_at: null, lapsed_at: null })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("address", "=", address)
    .returning("address")
    .executeTakeFirst();
  return row?.address;
}

/**
 * Answers the terminal's present address before it is replaced, and keeps the key for it. With that key the device may
 * hand in the rest of its log for some time.
 */
async function leaveAddress(db: Kysely<Tables>, clock: Clock, place: TerminalKey): Promise<string | undefined> {
  const row = await db
    .selectFrom("terminal_credentials")
    .select(["address", "public_key"])
    .where("account_id", "=", place.accountId)
    .where("terminal_id", "=", place.terminalId)
    .executeTakeFirst();
  if (row?.public_key) {
    await db
      .updateTable("terminal_addresses")
      .set({ former_key: JSON.stringify(row.public_key), left_at: clock.realNow() })
      .where("account_id", "=", place.accountId)
      .where("address", "=", row.address)
      .execute();
  }
  return row?.address;
}

/**
 * The public key of the device with that address, also for some time after it was replaced. Undefined for a device with
 * a password.
 */
export async function keyOfAddress(
  db: Kysely<Tables>,
  clock: Clock,
  { accountId, terminalId, address }: TerminalKey & { address: string },
): Promise<object | undefined> {
  const row = await db
    .selectFrom("terminal_addresses as known")
    .leftJoin("terminal_credentials as credential", (join) =>
      join
        .onRef("credential.account_id", "=", "known.account_id")
        .onRef("credential.terminal_id", "=", "known.terminal_id")
        .onRef("credential.address", "=", "known.address"),
    )
    .select((eb) => eb.fn.coalesce("credential.public_key", "known.former_key").as("key"))
    .where("known.account_id", "=", accountId)
    .where("known.address", "=", address)
    .where("known.terminal_id", "=", terminalId)
    .where((eb) => eb.or([eb("credential.address", "is not", null), eb("known.left_at", ">", formerSince(clock))]))
    .executeTakeFirst();
  return row?.key ?? undefined;
}

/**
 * Since when devices count as former. A device replaced earlier has handed in its log, or is not in the merchant's
 * hands.
 */
function formerSince(clock: Clock): Date {
  return new Date(clock.realNow().getTime() - limits.formerDeviceDays * dayMs);
}

/** The present address of a terminal. */
export async function addressOf(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("terminal_credentials")
    .select("address")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row?.address;
}

/**
 * Ends the terminal's credential: no device can connect as this terminal from now on. Answers the address that it had.
 */
export async function endCredential(
  db: Kysely<Tables>,
  clock: Clock,
  { accountId, terminalId }: TerminalKey,
): Promise<string | undefined> {
  await leaveAddress(db, clock, { accountId, terminalId });
  const row = await db
    .deleteFrom("terminal_credentials")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .returning("address")
    .executeTakeFirst();
  return row?.address;
}

/** Makes an address that was never given before, also if the database went back to an earlier moment. */
async function nextAddress(db: Kysely<Tables>, clock: Clock, { accountId, terminalId }: TerminalKey): Promise<string> {
  const least = nextDeviceNumber(0, clock.realNow());
  const { last_device: number } = await db
    .updateTable("terminals")
    .set((eb) => ({ last_device: eb.fn<number>("greatest", [eb("last_device", "+", 1), eb.val(least)]) }))
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .returning("last_device")
    .executeTakeFirstOrThrow();
  const address = deviceAddress(terminalId, number);
  await db
    .insertInto("terminal_addresses")
    .values({ account_id: accountId, address, terminal_id: terminalId, created_at: clock.now() })
    .execute();
  return address;
}
