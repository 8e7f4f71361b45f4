import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { type Configurations, createConfigurations } from "./configurations.ts";
import { createLogs, type Logs } from "./logs.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createReleaseKeys, createReleases, type ReleaseKeys, type Releases } from "./releases.ts";
import { createStores, type Stores } from "./stores.ts";
import { createTerminals, type Terminals } from "./terminals.ts";
import { type ClientOptions, createTransport } from "./transport.ts";

export type { ClientOptions } from "./transport.ts";

export interface Client {
  stores: Stores;
  terminals: Terminals;
  operations: Operations;
  logs: Logs;
  releases: Releases;
  releaseKeys: ReleaseKeys;
  configurations: Configurations;
  /** The access token in use; every call gets it by itself. Asking early shows whether the credentials are right. */
  token(): Promise<TokenResponse>;
}

/**
 * A client of one account. It keeps its token and renews it at half of its life. Every answer that is not a success is
 * thrown as `TillkeeperError`; a server that cannot be reached is fetch's `TypeError`.
 */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  return {
    stores: createStores(transport),
    terminals: createTerminals(transport),
    operations: createOperations(transport),
    logs: createLogs(transport),
    releases: createReleases(transport),
    releaseKeys: createReleaseKeys(transport),
    configurations: createConfigurations(transport),
    token: () => transport.token(),
  };
}
