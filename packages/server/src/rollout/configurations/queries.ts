import type { Tx } from "../../db/db.ts";

export const versionFields = ["software_version", "configuration_version"] as const;
export type ConfigurationRow = NonNullable<Awaited<ReturnType<typeof findConfiguration>>>;

function selectConfigurations(tx: Tx, accountId: string) {
  return tx
    .selectFrom("configurations")
    .leftJoin("stores", (join) =>
      join
        .onRef("stores.account_id", "=", "configurations.account_id")
        .onRef("stores.id", "=", "configurations.store_ref"),
    )
    .selectAll("configurations")
    .select("stores.store_id")
    .where("configurations.account_id", "=", accountId);
}

export function findConfiguration(tx: Tx, accountId: string, version: number) {
  return selectConfigurations(tx, accountId).where("version", "=", version).executeTakeFirst();
}

/** As `findConfiguration`, and locks the configuration's row until the transaction ends. */
export function lockConfiguration(tx: Tx, accountId: string, version: number) {
  return selectConfigurations(tx, accountId)
    .where("version", "=", version)
    .forNoKeyUpdate("configurations")
    .executeTakeFirst();
}

export interface ConfigurationFilter {
  device_model?: string;
  /** The generated id of the store. */
  storeRef?: string;
  below?: number;
  limit: number;
}

/** Newest first. */
export function listConfigurations(
  tx: Tx,
  accountId: string,
  filter: ConfigurationFilter,
): Promise<ConfigurationRow[]> {
  let query = selectConfigurations(tx, accountId).orderBy("version", "desc").limit(filter.limit);
  if (filter.device_model !== undefined) query = query.where("device_model", "=", filter.device_model);
  if (filter.storeRef !== undefined) query = query.where("store_ref", "=", filter.storeRef);
  if (filter.below !== undefined) query = query.where("version", "<", filter.below);
  return query.execute();
}

/** The columns of a terminal that decide its configuration. */
interface TerminalScope {
  device_model: string | null;
  store_ref: string;
}

/**
 * The configuration that applies to a terminal: the newest of the narrowest. Order: its model in its store, its store,
 * its model, all terminals.
 */
export function configurationOf(
  tx: Tx,
  accountId: string,
  { device_model, store_ref }: TerminalScope,
): Promise<ConfigurationRow | undefined> {
  return selectConfigurations(tx, accountId)
    .where("withdrawn_at", "is", null)
    .where((eb) => eb.or([eb("store_ref", "is", null), eb("store_ref", "=", store_ref)]))
    .where((eb) => eb.or([eb("device_model", "is", null), eb("device_model", "=", device_model)]))
    .orderBy((eb) => eb("store_ref", "is not", null), "desc")
    .orderBy((eb) => eb("device_model", "is not", null), "desc")
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** A terminal's model and store, and the versions of its last check_update. Undefined for a deleted terminal. */
export function findCheckedVersions(tx: Tx, accountId: string, terminalId: string) {
  return tx
    .selectFrom("terminals")
    .leftJoin("terminal_software as software", (join) =>
      join
        .onRef("software.account_id", "=", "terminals.account_id")
        .onRef("software.terminal_id", "=", "terminals.terminal_id"),
    )
    .select([
      "terminals.device_model",
      "terminals.store_ref",
      "software.software_version",
      "software.configuration_version",
      "software.reported_at",
    ])
    .where("terminals.account_id", "=", accountId)
    .where("terminals.terminal_id", "=", terminalId)
    .where("terminals.status", "<>", "DELETED")
    .executeTakeFirst();
}

/** Versions from a terminal's heartbeats. */
export function findHeartbeatVersions(tx: Tx, accountId: string, terminalId: string) {
  return tx
    .selectFrom("terminal_telemetry")
    .select(["field", "value", "at"])
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("field", "in", versionFields)
    .execute();
}

/** The next number of the account. A rollback of the transaction takes it back. */
export async function nextConfigurationNumber(tx: Tx, accountId: string): Promise<number> {
  const row = await tx
    .updateTable("accounts")
    .set((eb) => ({ last_configuration_number: eb("last_configuration_number", "+", 1) }))
    .where("account_id", "=", accountId)
    .returning("last_configuration_number")
    .executeTakeFirstOrThrow();
  return row.last_configuration_number;
}

/**
 * Forgets the reported versions of a terminal whose device was replaced. The row keeps the time, so that an earlier
 * report that is written later does not count as the new device's.
 */
export async function clearReportedVersions(tx: Tx, accountId: string, terminalId: string, at: Date): Promise<void> {
  const nothing = { software_version: null, configuration_version: null, reported_at: at };
  await tx
    .insertInto("terminal_software")
    .values({ account_id: accountId, terminal_id: terminalId, ...nothing })
    .onConflict((conflict) => conflict.columns(["account_id", "terminal_id"]).doUpdateSet(nothing))
    .execute();
}
