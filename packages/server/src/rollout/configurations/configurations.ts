import type {
  Configuration,
  ConfigurationCreate,
  ConfigurationList,
  TerminalConfiguration,
} from "@tillkeeper/contract/http/configurations";
import { limits } from "@tillkeeper/contract/limits";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { findStore } from "../../merchants/stores/stores.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { documentedTime, preciseTime } from "../../platform/timestamps.ts";
import {
  type ConfigurationRow,
  configurationOf,
  findCheckedVersions,
  findConfiguration,
  findHeartbeatVersions,
  listConfigurations,
  lockConfiguration,
  nextConfigurationNumber,
  versionFields,
} from "./queries.ts";

export { clearReportedVersions, configurationOf, versionFields } from "./queries.ts";

export interface ConfigurationDeps {
  db: Db;
  clock: Clock;
}

/** Adds a configuration; earlier ones stay readable. Throws `invalid_request`. */
export async function addConfiguration(
  { db, clock }: ConfigurationDeps,
  caller: Caller,
  input: ConfigurationCreate,
): Promise<Configuration> {
  const { accountId, clientId } = caller;
  const content = JSON.stringify(input.content);
  if (Buffer.byteLength(content) > limits.configurationBytes) {
    throw invalidRequest({
      path: "/body/content",
      message: `must not have more than ${limits.configurationBytes} bytes`,
    });
  }
  return inTenant(db, accountId, async (tx) => {
    const storeRef = input.store_id === undefined ? null : await liveStore(tx, accountId, input.store_id);
    if (storeRef === undefined) throw invalidRequest({ path: "/body/store_id", message: "does not exist" });
    const version = await nextConfigurationNumber(tx, accountId);
    await tx
      .insertInto("configurations")
      .values({
        account_id: accountId,
        version,
        device_model: input.device_model ?? null,
        store_ref: storeRef,
        content,
        created_at: clock.now(),
        created_by: clientId,
      })
      .execute();
    const configuration = presentConfiguration(existing(await findConfiguration(tx, accountId, version)));
    const subject = { type: "configuration", id: configuration.version };
    await recordChange(tx, clock, caller, { action: "configuration.create", subject, after: configuration });
    return configuration;
  });
}

async function liveStore(tx: Tx, accountId: string, storeId: string): Promise<string | undefined> {
  const store = await findStore(tx, accountId, storeId);
  return store && store.status !== "DELETED" ? store.id : undefined;
}

/** Throws `configuration_not_found`. */
export async function getConfiguration(
  { db }: ConfigurationDeps,
  accountId: string,
  version: string,
): Promise<Configuration> {
  return presentConfiguration(
    existing(await inTenant(db, accountId, (tx) => findConfiguration(tx, accountId, Number(version)))),
  );
}

/**
 * Withdraws a configuration. Terminals then get the configuration that is next in rank for them. Withdrawing it again
 * changes nothing. Throws `configuration_not_found`.
 */
export async function withdrawConfiguration(
  { db, clock }: ConfigurationDeps,
  caller: Caller,
  version: string,
): Promise<Configuration> {
  const { accountId, clientId } = caller;
  const number = Number(version);
  return inTenant(db, accountId, async (tx) => {
    const before = presentConfiguration(existing(await lockConfiguration(tx, accountId, number)));
    requireExpected(caller, before);
    const { numUpdatedRows } = await tx
      .updateTable("configurations")
      .set({ withdrawn_at: clock.now(), withdrawn_by: clientId })
      .where("account_id", "=", accountId)
      .where("version", "=", number)
      .where("withdrawn_at", "is", null)
      .executeTakeFirst();
    const after = presentConfiguration(existing(await findConfiguration(tx, accountId, number)));
    const subject = { type: "configuration", id: version };
    if (numUpdatedRows > 0n) {
      await recordChange(tx, clock, caller, { action: "configuration.withdraw", subject, before, after });
    }
    return after;
  });
}

interface ConfigurationQuery {
  device_model?: string;
  store_id?: string;
  starting_after?: string;
  limit: number;
}

/** Newest first. Empty for an unknown store. */
export async function getConfigurations(
  { db }: ConfigurationDeps,
  accountId: string,
  { store_id: storeId, starting_after: after, device_model, limit }: ConfigurationQuery,
): Promise<ConfigurationList> {
  const rows = await inTenant(db, accountId, async (tx) => {
    const store = storeId === undefined ? undefined : await findStore(tx, accountId, storeId);
    if (storeId !== undefined && !store) return [];
    return listConfigurations(tx, accountId, {
      limit: limit + 1,
      ...(device_model !== undefined && { device_model }),
      ...(store && { storeRef: store.id }),
      ...(after !== undefined && { below: Number(after) }),
    });
  });
  const { page, last } = cutPage(rows, limit);
  return { configurations: page.map(presentConfiguration), ...(last && { starting_after: String(last.version) }) };
}

/**
 * The configuration that applies to a terminal, and the versions that the terminal reported last. Throws
 * `terminal_not_found`.
 */
export async function getConfigurationOfTerminal(
  { db }: ConfigurationDeps,
  accountId: string,
  terminalId: string,
): Promise<TerminalConfiguration> {
  return inTenant(db, accountId, async (tx) => {
    const terminal = await findCheckedVersions(tx, accountId, terminalId);
    if (!terminal) throw new ApiError("terminal_not_found", "There is no such terminal.");
    const row = await configurationOf(tx, accountId, terminal);
    const reported = latestReport(terminal, await findHeartbeatVersions(tx, accountId, terminalId));
    return {
      terminal_id: terminalId,
      configuration: row ? presentConfiguration(row) : null,
      reported,
      up_to_date: !row || reported?.configuration_version === String(row.version),
    };
  });
}

/**
 * Merges the versions of the last check_update and of heartbeats, by field: the later report counts. A device answers a
 * check_update before it restarts, so a heartbeat may be newer.
 */
function latestReport(
  fromCheck: NonNullable<Awaited<ReturnType<typeof findCheckedVersions>>>,
  fromHeartbeats: Awaited<ReturnType<typeof findHeartbeatVersions>>,
): TerminalConfiguration["reported"] {
  const reports = versionFields.flatMap((field) => {
    const later = fromHeartbeats.find(
      (one) => one.field === field && !(fromCheck.reported_at && one.at <= fromCheck.reported_at),
    );
    const version = later ? later.value : fromCheck[field];
    const at = later?.at ?? fromCheck.reported_at;
    return typeof version === "string" && at ? [{ field, version, at }] : [];
  });
  if (reports.length === 0) return null;
  const at = new Date(Math.max(...reports.map((report) => report.at.getTime())));
  return { ...Object.fromEntries(reports.map(({ field, version }) => [field, version])), at: preciseTime(at) };
}

function existing(row: ConfigurationRow | undefined): ConfigurationRow {
  if (row) return row;
  throw new ApiError("configuration_not_found", "There is no such configuration.");
}

function presentConfiguration(row: ConfigurationRow): Configuration {
  return {
    version: String(row.version),
    ...(row.device_model !== null && { device_model: row.device_model }),
    ...(row.store_id !== null && { store_id: row.store_id }),
    content: row.content,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    ...(row.withdrawn_at && { withdrawn_at: documentedTime(row.withdrawn_at) }),
    ...(row.withdrawn_by !== null && { withdrawn_by: row.withdrawn_by }),
  };
}
