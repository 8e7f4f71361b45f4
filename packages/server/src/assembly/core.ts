import { grantExists } from "../access/auth/clients.ts";
import { openSigningKeys } from "../access/auth/keys/signing-keys.ts";
import { openNarrowedGrants } from "../access/auth/narrowed-grants.ts";
import { deviceTokens as createDeviceTokens, type DeviceIdentity } from "../access/auth/tokens/device-tokens.ts";
import { createTokens } from "../access/auth/tokens/tokens.ts";
import { transferTokens } from "../access/auth/tokens/transfer-tokens.ts";
import { type Config, defaultDeviceTokenSeconds } from "../config/config.ts";
import { documentedHosts } from "../config/settings.ts";
import { DatabaseClock } from "../db/database-clock.ts";
import { openRootKey } from "../db/known-key.ts";
import { openDatabase } from "../db/open.ts";
import { liveCredentials } from "../enrolment/issue-credential.ts";
import { openFileStore } from "../files/open-store.ts";
import { openMasking } from "../logs/masking/masking.ts";
import type { Clock } from "../platform/clock.ts";
import type { Closing } from "../platform/closing.ts";
import { lockDataFolder } from "../platform/folders/data-folder.ts";
import type { Logger } from "../platform/log/log.ts";
import { ownAddresses } from "../platform/own-addresses.ts";
import { closeOldAddress } from "../terminals/credentials/close-old-address.ts";
import type { VirtualTerminalHost } from "../virtual-terminals/virtual-terminals.ts";

export interface ServerOptions {
  config: Config;
  log: Logger;
  /** Runs the virtual terminals; without one, their operations time out. */
  virtualTerminalHost?: VirtualTerminalHost;
  /** Opens the sandbox account, and makes it on the first start. */
  sandbox?: boolean;
  /** What the server reads in place of its own clock: that of tests, on top of it. */
  clock?: (own: Clock) => Clock;
}

/** What every feature stands on. */
export async function openCore({ config, log, clock: over = (own) => own }: ServerOptions, closing: Closing) {
  for (const setting of config.unknownSettings ?? []) log.warn({ setting }, "not a setting: see `tillkeeper settings`");
  const folder = lockDataFolder(config.dataDir);
  closing.add(() => folder.release());
  const db = await openDatabase({ url: config.databaseUrl, dataDir: folder.path, log });
  closing.add(() => db.close());
  const databaseClock = await DatabaseClock.open(db.urgent);
  const clock = over(databaseClock);
  const rootKey = await openRootKey(db, { dataDir: folder.path, keyFile: config.keyFile });
  const files = await openFileStore({ ...config, dataDir: folder.path });
  closing.add(() => files.close());
  const masking = openMasking({ log });
  closing.add(() => masking.close());
  const addresses = ownAddresses({
    ...config,
    // The documented hosts are names that callers of the API use; no device is told of them.
    furtherHosts: config.audienceHosts.filter((host) => !documentedHosts.includes(host)),
  });
  const { acceptedHosts } = addresses;
  const keys = await openSigningKeys(db, clock, rootKey);
  const narrowedGrants = await openNarrowedGrants(db, clock);
  const tokens = createTokens({
    keys,
    narrowedGrants,
    clock,
    lifetimeSeconds: config.tokenLifetimeSeconds,
    acceptedHosts,
    grantExists: ({ issuerAccountId, accountId, ...grant }) =>
      grantExists(db, { ...grant, accountId: issuerAccountId, audienceAccountId: accountId }),
  });
  const deviceTokens = createDeviceTokens({
    keys,
    clock,
    lifetimeSeconds: config.deviceTokenSeconds ?? defaultDeviceTokenSeconds(config.mqtt),
  });
  const findLiveCredential = liveCredentials(db);
  const transfers = transferTokens({ keys, clock });
  const addressAhead = (identity: DeviceIdentity) => closeOldAddress({ db, clock }, identity);
  const access = { keys, tokens, deviceTokens, findLiveCredential, addressAhead, transfers };
  return { config, log, clock, databaseClock, folder: folder.path, db, rootKey, files, masking, addresses, ...access };
}
export type Core = Awaited<ReturnType<typeof openCore>>;
