import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import { inTenant } from "../../db/tenants/tenant.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import type { AdvanceDeps } from "../progress/advance.ts";
import { tellRequest } from "../progress/told.ts";
import { lockClosing } from "../queries.ts";
import { presentClosing } from "../reading/present.ts";
import { findStanding, readClosing } from "../reading/read.ts";
import type { ClosingDeps } from "./close-store.ts";

/**
 * Cancels what a closing has not begun (D31): attempts that were not sent, and operations that are under way, as far as their
 * terminals can stop. A closing that has ended stays as it is. Throws `store_not_found`, `closing_not_found`.
 */
export async function cancelClosing(
  deps: ClosingDeps & Pick<AdvanceDeps, "cancel">,
  caller: Caller,
  { storeId, id }: { storeId: string; id: string },
): Promise<Closing> {
  const { accountId, clientId } = caller;
  const key = { accountId, storeId, id };
  const running = await inTenant(deps.db, accountId, async (tx) => {
    const { closing: found, store } = await findStanding(tx, deps, key);
    await lockClosing(tx, { accountId, storeRef: store.id, day: found.business_day });
    const { closing, members } = await findStanding(tx, deps, key);
    requireExpected(caller, presentClosing(closing, members, store.rules));
    if (closing.ended_at || closing.cancelled_at || members.every(({ standing }) => standing.state !== "waiting"))
      return [];
    const now = deps.clock.now();
    await tx
      .updateTable("closings")
      .set({ cancelled_at: now, cancelled_by: clientId, look_at: now })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    await tellRequest(tx, closing, { cause: "cancelled", at: now, by: caller });
    await tx
      .updateTable("closing_attempts")
      .set({ refused: "cancelled" })
      .where("account_id", "=", accountId)
      .where("closing_id", "=", id)
      .where("operation_id", "is", null)
      .where("refused", "is", null)
      .execute();
    return members.flatMap(({ standing }) => (standing.reason === "closing" && standing.close ? [standing.close] : []));
  });
  await Promise.all(running.map((operationId) => deps.cancel({ accountId, operationId, by: clientId })));
  await deps.advance({ accountId, id });
  return readClosing(deps, key);
}
