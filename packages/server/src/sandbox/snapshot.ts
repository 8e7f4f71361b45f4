import type { Kysely } from "kysely";
import type { Tx } from "../db/db.ts";
import type { Tables } from "../db/tables/schema.ts";
import { presentStore } from "../merchants/stores/present.ts";
import { storesByNumber } from "../merchants/stores/stores.ts";
import { ApiError } from "../platform/errors.ts";
import type { Beginning } from "./beginning.ts";

/** As it is stored with the account. */
export interface Snapshot extends Beginning {
  takenAt: string;
}

/** The most stores, and the most terminals, of a snapshot: a reset creates them one by one. */
export const mostOfSnapshot = 1_000;

/** Reads what a reset of the account is to create again. Throws `snapshot_too_large`. */
export async function readSnapshot(tx: Tx, accountId: string, takenAt: Date): Promise<Snapshot> {
  const rows = await storesByNumber(tx, accountId, mostOfSnapshot + 1);
  const terminals = await tx
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .leftJoin("virtual_terminal_controls as controls", (join) =>
      join
        .onRef("controls.account_id", "=", "terminals.account_id")
        .onRef("controls.terminal_id", "=", "terminals.terminal_id"),
    )
    .select(["terminals.number", "device_serial_number", "device_model", "stores.store_id", "controls", "until"])
    .where("terminals.account_id", "=", accountId)
    .where("terminals.status", "<>", "DELETED")
    .orderBy("terminals.number")
    .limit(mostOfSnapshot + 1)
    .execute();
  if (Math.max(rows.length, terminals.length) > mostOfSnapshot) {
    throw new ApiError("snapshot_too_large", `The account has more than ${mostOfSnapshot} stores or terminals.`);
  }
  const last = await tx
    .selectFrom("accounts")
    .select(["last_store_number as store", "last_terminal_number as terminal"])
    .where("account_id", "=", accountId)
    .executeTakeFirstOrThrow();
  return {
    takenAt: takenAt.toISOString(),
    stores: rows.map((row) => {
      const { organization, store_name, email, phone_number, address, coordinates, website } = presentStore(row, []);
      const create = {
        store_id: row.store_id,
        ...withoutAbsent({ organization, store_name, email, phone_number, address, coordinates, website }),
      };
      return { number: row.number, create, configuration: row.configuration };
    }),
    terminals: terminals.map(
      ({ device_serial_number: serialNumber, device_model: model, store_id: storeId, ...row }) => ({
        number: row.number,
        serialNumber,
        storeId,
        ...(model !== null && { model }),
        ...(row.controls && { controls: { set: row.controls, until: row.until?.toISOString() ?? null } }),
      }),
    ),
    last,
  };
}

function withoutAbsent<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Keeps a snapshot in place of the one before; null: there is none. */
export async function keepSnapshot(tx: Tx, accountId: string, snapshot: Snapshot | null): Promise<void> {
  await tx
    .updateTable("accounts")
    .set({ sandbox_snapshot: snapshot && JSON.stringify(snapshot) })
    .where("account_id", "=", accountId)
    .execute();
}

/** The snapshot of an account, if it has one. */
export async function findSnapshot(db: Kysely<Tables>, accountId: string): Promise<Snapshot | undefined> {
  const row = await db
    .selectFrom("accounts")
    .select("sandbox_snapshot")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return (row?.sandbox_snapshot as Snapshot | null | undefined) ?? undefined;
}
