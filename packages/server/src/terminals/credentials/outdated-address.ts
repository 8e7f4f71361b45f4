import { deviceNumber, isLaterAddress } from "@tillkeeper/contract/addresses";
import { sql } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import type { DeviceIdentity } from "../../access/auth/tokens/device-tokens.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { moveTerminals } from "../record/life-cycle.ts";
import { lockTerminal } from "../record/rows.ts";
import { addressOf, endCredential } from "./replace-credential.ts";

interface AheadDeps {
  db: Db;
  clock: Clock;
}

/**
 * Ends the credential of a terminal whose device shows a valid token with a later address. Such a token proves that the
 * database went back to a moment before that address was given (docs/adr/0025-device-addresses.md). The terminal then
 * waits for a device to pair. Until then it takes no close: it is unknown which device's journal the close would have
 * to be compared with.
 */
export async function endOutdatedAddress({ db, clock }: AheadDeps, identity: DeviceIdentity): Promise<void> {
  const { accountId, terminalId, address: shown } = identity;
  await inTenant(db, accountId, async (tx) => {
    await lockTerminal(tx, accountId, terminalId);
    const known = await addressOf(tx, identity);
    if (known === undefined || !isLaterAddress(shown, known)) return;
    await endCredential(tx, clock, identity);
    await tx
      .updateTable("terminals")
      .set({ last_device: sql`greatest(last_device, ${deviceNumber(shown)}::integer)` })
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .execute();
    await moveTerminals(tx, clock, "device_replaced", {
      accountId,
      terminalId,
      told: { clientId: "device" },
    });
    const actor = { accountId, clientId: "device", address: "", requestId: "" };
    const subject = { type: "terminal", id: terminalId } as const;
    await recordChange(tx, clock, actor, {
      action: "terminal.address_unknown",
      subject,
      before: { address: known },
      after: { address: shown },
    });
  });
}
