import { createHash } from "node:crypto";
import { closingStateOf } from "@tillkeeper/contract/closings/rules";
import type { ClosingState } from "@tillkeeper/contract/closings/states";
import type { Tx } from "../../db/db.ts";
import { type EventActor, writeEvents } from "../../events/write.ts";
import type { ClosingRecord } from "../queries.ts";
import type { Member } from "../standing/standing.ts";

/** What others hear of a closing: its state, and a digest of all that an event is written for when it changes. */
export interface Told {
  state: ClosingState;
  digest: string;
}

/** How a closing stands, as others hear of it: where its terminals stand and why, their closes, and whether a result came late. */
export function toldOf(closing: Pick<ClosingRecord, "cancelled_at">, members: readonly Member[]): Told {
  const state = closingStateOf(members.map(({ standing }) => standing.state));
  const terminals = members.map(({ row, standing }) => [
    row.terminal_id,
    standing.state,
    standing.reason ?? null,
    row.closes.map(({ id, status, late_result: late }) => [id, status, late !== null]),
  ]);
  const text = JSON.stringify([state, closing.cancelled_at !== null, terminals]);
  return { state, digest: createHash("sha256").update(text).digest("base64url") };
}

interface Request {
  cause: "asked_again" | "cancelled";
  at: Date;
  by: EventActor;
}

/** Writes the event of a request that changes a closing, in its transaction. */
export function tellRequest(
  tx: Tx,
  { account_id: accountId, id, store_ref: storeRef }: Pick<ClosingRecord, "account_id" | "id" | "store_ref">,
  { cause, at, by }: Request,
): Promise<void> {
  const { clientId: actor, requestId } = by;
  return writeEvents(tx, [
    { accountId, type: "store_closing_update", cause, at, subject: id, storeRef, actor, requestId },
  ]);
}
