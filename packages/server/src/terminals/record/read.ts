import { abilitiesOf } from "@tillkeeper/contract/abilities";
import type { Terminal } from "@tillkeeper/contract/http/terminals";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { findAbilities } from "./abilities.ts";
import { presentTerminal, terminalNotFound } from "./present.ts";
import { findTerminal } from "./rows.ts";

/** A terminal, with the operations that its device can do. Throws `terminal_not_found`, also for terminals of other accounts. */
export async function getTerminal(deps: { db: Db }, accountId: string, terminalId: string): Promise<Terminal> {
  const { row, abilities } = await inTenant(deps.db, accountId, async (tx) => ({
    row: await findTerminal(tx, accountId, terminalId),
    abilities: await findAbilities(tx, { accountId, terminalId }),
  }));
  if (!row) throw terminalNotFound();
  return { ...presentTerminal(row), ...(abilities && { abilities: abilitiesOf(abilities) }) };
}
