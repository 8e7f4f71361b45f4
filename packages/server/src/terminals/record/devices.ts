import type { Kysely } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { addressOf } from "../credentials/replace-credential.ts";
import { moveTerminals } from "./life-cycle.ts";
import { lockTerminal } from "./rows.ts";

/** A device of a terminal. */
export interface Device {
  accountId: string;
  terminalId: string;
  /** The address that it has authenticated as, which may have been replaced since. */
  address: string;
}

/** Whether the address is the terminal's present one. */
export async function isPresent(db: Kysely<Tables>, device: Device): Promise<boolean> {
  return (await addressOf(db, device)) === device.address;
}

/**
 * Moves the status of a terminal whose device has connected (D11). A terminal without a credential stays as it is: a
 * message of its former device may arrive late. The terminal's lock orders this against a replacement of the
 * credential.
 */
export function deviceConnected(db: Db, clock: Clock, device: Device): Promise<void> {
  const { accountId, terminalId } = device;
  return inTenant(db, accountId, async (tx) => {
    await lockTerminal(tx, accountId, terminalId);
    if (await isPresent(tx, device)) {
      await moveTerminals(tx, clock, "device_connected", {
        accountId,
        terminalId,
        told: { clientId: terminalId },
      });
    }
  });
}
