import type { OfferedRelease, UpdateManifest, UpdateQuery } from "@tillkeeper/contract/http/device-updates";
import type { Release } from "@tillkeeper/contract/http/releases";
import { compareVersions } from "@tillkeeper/contract/versions";
import type { TransferGrant, TransferTokens } from "../../access/auth/tokens/transfer-tokens.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { getOperation } from "../../operations/read.ts";
import { ApiError } from "../../platform/errors.ts";
import { holdsTransfer } from "../../terminals/credentials/transfer-holder.ts";
import { configurationOf } from "../configurations/configurations.ts";
import { findRelease, findTerminalModel, listOffered, type ReleaseRow } from "./queries.ts";
import { getRelease, type ReleaseDeps, releaseNotFound } from "./releases.ts";

export interface DeviceDeps extends ReleaseDeps {
  transfers: Pick<TransferTokens, "authenticate">;
  /** The URL by which terminals reach this server. */
  ownUrl: () => string;
}

/**
 * Authenticates a terminal by the token of its command. The token must be for this check_update of this terminal.
 * Throws `missing_token`, `invalid_token`, `operation_not_found`.
 */
export async function authenticateTransfer(
  { db, transfers }: DeviceDeps,
  authorization: string | undefined,
  operationId: string,
): Promise<TransferGrant> {
  const grant = await transfers.authenticate(authorization);
  const operation =
    grant.operationId === operationId.toLowerCase() ? await getOperation(db, grant.accountId, operationId) : undefined;
  const itsOwn = operation?.terminal_id === grant.terminalId && operation.operation === "check_update";
  if (itsOwn && (await inTenant(db, grant.accountId, (tx) => holdsTransfer(tx, grant)))) return grant;
  throw new ApiError("operation_not_found", "There is no such operation.");
}

/** The release and configuration for a terminal. */
export async function manifestFor(deps: DeviceDeps, grant: TransferGrant, query: UpdateQuery): Promise<UpdateManifest> {
  const { accountId } = grant;
  const { software_version, configuration_version } = query;
  return inTenant(deps.db, accountId, async (tx) => {
    const terminal = await modelOf(tx, grant);
    const latest = terminal.device_model === null ? undefined : await latestFor(tx, accountId, terminal.device_model);
    // A device must not be led back to an older version.
    const offered = latest && compareVersions(latest.version, software_version) >= 0 ? latest : undefined;
    const configuration = await configurationOf(tx, accountId, terminal);
    return {
      device_model: terminal.device_model,
      latest: offered ? presentOffered(deps, grant, offered) : null,
      update_available: offered !== undefined && compareVersions(offered.version, software_version) > 0,
      configuration: configuration
        ? {
            version: String(configuration.version),
            content: configuration.content,
            up_to_date: configuration_version === String(configuration.version),
          }
        : null,
    };
  });
}

/**
 * A release whose file a terminal may fetch. Throws `release_not_found`, also when the release is no longer offered to
 * it.
 */
export async function releaseFor({ db }: DeviceDeps, grant: TransferGrant, releaseId: string): Promise<Release> {
  const terminal = await inTenant(db, grant.accountId, (tx) => modelOf(tx, grant));
  const release = await getRelease({ db }, grant.accountId, releaseId);
  if (!release.offered || release.device_model !== terminal.device_model) throw releaseNotFound();
  return release;
}

async function modelOf(tx: Tx, { accountId, terminalId }: TransferGrant) {
  const terminal = await findTerminalModel(tx, accountId, terminalId);
  if (!terminal) throw new ApiError("operation_not_found", "There is no such operation.");
  return terminal;
}

async function latestFor(tx: Tx, accountId: string, deviceModel: string): Promise<ReleaseRow | undefined> {
  const [newest] = (await listOffered(tx, accountId, deviceModel)).toSorted(
    // Of two equal versions the later release comes first.
    (a, b) => compareVersions(b.version, a.version) || (a.id < b.id ? 1 : -1),
  );
  return newest && findRelease(tx, accountId, newest.id);
}

function presentOffered({ ownUrl }: DeviceDeps, grant: TransferGrant, row: ReleaseRow): OfferedRelease {
  return {
    release_id: row.id,
    version: row.version,
    size: row.size,
    sha256: row.sha256,
    signature: row.signature,
    key_id: row.key_id,
    ...(row.notes !== null && { notes: row.notes }),
    url: `${ownUrl()}/v1/device/operations/${grant.operationId}/update/file?release_id=${row.id}`,
  };
}
