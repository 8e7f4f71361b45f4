import { deviceNumber, isLater } from "@tillkeeper/contract/addresses";
import { sql } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import type { DeviceIdentity } from "../../access/auth/tokens/device-tokens.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { moveTerminals } from "../record/life-cycle.ts";
import { lockTerminal } from "../record/rows.ts";
import { addressOf, endCredential } from "./replace-credential.ts";

interface AheadDeps {
  db: Db;
  clock: Clock;
}

/**
 * A valid token of ours with a later address proves that the database went back to a moment before that address was given: the one
 * that it knows is over, and the terminal waits for a device to pair (docs/adr/0025-device-addresses.md). Until then it takes
 * no close, because nobody knows whose journal it would have to be compared with.
 */
export async function closeOldAddress({ db, clock }: AheadDeps, identity: DeviceIdentity): Promise<void> {
  const { accountId, terminalId, address: shown } = identity;
  await inTenant(db, accountId, async (tx) => {
    await lockTerminal(tx, accountId, terminalId);
    const known = await addressOf(tx, identity);
    if (known === undefined || !isLater(shown, known)) return;
    await endCredential(tx, clock, identity);
    await tx
      .updateTable("terminals")
      .set({ last_device: sql`greatest(last_device, ${deviceNumber(shown)}::integer)` })
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .execute();
    await moveTerminals(tx, clock, "device_replaced", { accountId, terminalId });
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
