import type { OfferedRelease, UpdateManifest, UpdateQuery } from "@tillkeeper/contract/http/device-updates";
import type { Release } from "@tillkeeper/contract/http/releases";
import { compareVersions } from "@tillkeeper/contract/versions";
import type { TransferGrant, TransferTokens } from "../../access/auth/tokens/transfer-tokens.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import { getOperation } from "../../operations/read.ts";
import { ApiError } from "../../platform/errors.ts";
import { stillHolds } from "../../terminals/credentials/transfer-holder.ts";
import { configurationOf } from "../configurations/configurations.ts";
import { findPlace, findRelease, listOffered, type ReleaseRow } from "./queries.ts";
import { getRelease, type ReleaseDeps, releaseNotFound } from "./releases.ts";

export interface DeviceDeps extends ReleaseDeps {
  transfers: Pick<TransferTokens, "authenticate">;
  /** How terminals reach this server. */
  ownUrl: () => string;
}

/**
 * Who asks, by the token that came with the command: for this check_update of that very terminal and nothing else. Throws
 * `missing_token`, `invalid_token`, `operation_not_found`.
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
  if (itsOwn && (await inTenant(db, grant.accountId, (tx) => stillHolds(tx, grant)))) return grant;
  throw new ApiError("operation_not_found", "There is no such operation.");
}

/** What there is for a terminal. */
export async function manifestFor(deps: DeviceDeps, grant: TransferGrant, said: UpdateQuery): Promise<UpdateManifest> {
  const { accountId } = grant;
  const { software_version, configuration_version } = said;
  return inTenant(deps.db, accountId, async (tx) => {
    const place = await placeOf(tx, grant);
    const latest = place.device_model === null ? undefined : await latestFor(tx, accountId, place.device_model);
    // A device must not be led back to what it has left behind.
    const offered = latest && compareVersions(latest.version, software_version) >= 0 ? latest : undefined;
    const configuration = await configurationOf(tx, accountId, place);
    return {
      device_model: place.device_model,
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

/** A release whose file a terminal may fetch. Throws `release_not_found`, for one that is not offered to it any more too. */
export async function releaseFor({ db }: DeviceDeps, grant: TransferGrant, releaseId: string): Promise<Release> {
  const place = await inTenant(db, grant.accountId, (tx) => placeOf(tx, grant));
  const release = await getRelease({ db }, grant.accountId, releaseId);
  if (!release.offered || release.device_model !== place.device_model) throw releaseNotFound();
  return release;
}

async function placeOf(tx: Tx, { accountId, terminalId }: TransferGrant) {
  const place = await findPlace(tx, accountId, terminalId);
  if (!place) throw new ApiError("operation_not_found", "There is no such operation.");
  return place;
}

async function latestFor(tx: Tx, accountId: string, deviceModel: string): Promise<ReleaseRow | undefined> {
  const [newest] = (await listOffered(tx, accountId, deviceModel)).toSorted(
    // Of two that are the same age the one that was added later.
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
