import type { Kysely } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { addressOf } from "../credentials/replace-credential.ts";
import { moveTerminals } from "./life-cycle.ts";
import { lockTerminal } from "./rows.ts";

/** A device that speaks as a terminal. */
export interface Device {
  accountId: string;
  terminalId: string;
  /** It speaks as this address, which may have been replaced since. */
  address: string;
}

/** Whether the address is the terminal's. */
export async function isPresent(db: Kysely<Tables>, device: Device): Promise<boolean> {
  return (await addressOf(db, device)) === device.address;
}

/**
 * Moves a terminal whose device has connected (D11). One that nothing is paired with stays as it is: what its former device
 * said may still be on its way. Whoever replaces a credential holds the terminal meanwhile, so one of both comes first.
 */
export function deviceConnected(db: Db, clock: Clock, device: Device): Promise<void> {
  const { accountId, terminalId } = device;
  return inTenant(db, accountId, async (tx) => {
    await lockTerminal(tx, accountId, terminalId);
    if (await isPresent(tx, device)) {
      await moveTerminals(tx, clock, "device_connected", { accountId, terminalId });
    }
  });
}
