import { sql } from "kysely";
import { accountRoutes } from "../accounts/routes.ts";
import { activationRoutes } from "../activations/routes.ts";
import { auditRoutes } from "../audit/routes.ts";
import { authRoutes } from "../auth/routes.ts";
import { brokerRoutes } from "../broker-access/routes.ts";
import { clientRoutes } from "../clients/routes.ts";
import { configurationRoutes } from "../configurations/routes.ts";
import { announcer } from "../gateway/dispatch.ts";
import { handingInRoutes } from "../gateway/handing-in.ts";
import { longPollRoutes } from "../gateway/long-poll/routes.ts";
import { grantRoutes } from "../grants/routes.ts";
import { healthRoutes } from "../health/routes.ts";
import { createReceiveLog } from "../logs/receive.ts";
import { deviceLogRoutes, logRoutes } from "../logs/routes.ts";
import { operationRoutes } from "../operations/routes.ts";
import { payoutDestinationRoutes } from "../payout-destinations/routes.ts";
import type { Route } from "../platform/http/route.ts";
import type { Supervisor } from "../platform/supervisor.ts";
import { presenceRoutes } from "../presence/routes.ts";
import { deviceUpdateRoutes } from "../releases/device-routes.ts";
import { releaseRoutes } from "../releases/routes.ts";
import { storeRoutes } from "../stores/routes.ts";
import { destinationChanged } from "../stores/suspension.ts";
import { authenticateDevice } from "../terminals/credentials.ts";
import { verifyHandingIn } from "../terminals/pairing/handing-in.ts";
import { terminalRoutes } from "../terminals/routes.ts";
import { requireAllBound } from "./all-bound.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";
import type { Accept, StorePorts, TerminalPorts } from "./ports.ts";

export interface Features {
  accept: Accept;
  stores: StorePorts;
  terminals: TerminalPorts;
  supervisor: Supervisor;
}

/** Every route of the server, feature by feature. Throws when an endpoint of the contract has no handler, or two. */
export function routesOf(core: Core, devices: DeviceSide, features: Features): Route[] {
  const routes = [
    ...accessRoutes(core),
    ...merchantRoutes(core, features),
    ...operationsRoutes(core, devices, features),
    ...deviceRoutes(core, devices, features),
    ...healthRoutes({
      pingDatabase: async () => void (await sql`select 1`.execute(core.db.sql)),
      brokerHealthy: () => devices.transport.healthy(),
      workers: () => features.supervisor.health(),
      wallClockAheadMs: () => core.databaseClock.wallAheadMs,
    }),
  ];
  requireAllBound(routes);
  return routes;
}

/** Accounts, and who may do what in them. */
function accessRoutes({ config, db, clock, keys, tokens, addresses }: Core): Route[] {
  const { acceptedHosts, url: ownUrl } = addresses;
  return [
    ...authRoutes({ db, keys, tokens, acceptedHosts, ownUrl }),
    ...auditRoutes({ db }),
    ...accountRoutes({ db, clock, bootstrapToken: config.bootstrapToken }),
    ...clientRoutes({ db, clock }),
    ...grantRoutes({ db, clock, acceptedHosts, ownUrl }),
  ];
}

/** What a merchant has: stores, who is paid, terminals. */
function merchantRoutes({ config, db, clock, addresses }: Core, { stores, terminals }: Features): Route[] {
  return [
    ...storeRoutes(stores),
    ...payoutDestinationRoutes({
      db,
      clock,
      register: config.organizations?.checkDestinations ? stores.register : undefined,
      ownUrl: addresses.url,
      storesOfDestinationChanged: destinationChanged(stores),
    }),
    ...terminalRoutes(terminals),
  ];
}

/** What is done with terminals, and what is known of them. */
function operationsRoutes(core: Core, devices: DeviceSide, { accept }: Features): Route[] {
  const { db, clock, files } = core;
  const { presenceClock, probes } = devices;
  return [
    ...operationRoutes({ db, clock, accept, announceCancel: announcer(devices.device, "cancel") }),
    ...activationRoutes({ db, clock }),
    ...logRoutes(core),
    ...releaseRoutes({ db, clock, files }),
    ...configurationRoutes({ db, clock }),
    ...presenceRoutes({ db, clock: presenceClock, probes }),
  ];
}

/** What devices and brokers ask. */
function deviceRoutes(core: Core, devices: DeviceSide, { terminals }: Features): Route[] {
  const { mailboxes, receive, heardPolling, device, readResult } = devices;
  const { config, db, clock, files, transfers, addresses } = core;
  return [
    ...longPollRoutes({
      mailboxes,
      receive,
      heard: heardPolling,
      authenticate: (header) => authenticateDevice(terminals, header),
    }),
    ...handingInRoutes({ reports: device.reports, readResult, verify: verifyHandingIn(terminals) }),
    ...deviceLogRoutes({ tokens: transfers, receive: createReceiveLog(core) }),
    ...deviceUpdateRoutes({ db, clock, files, transfers, ownUrl: addresses.url }),
    ...brokerRoutes({
      authentication: core,
      secret: config.mqtt.brokerSecret,
      brokerUrl: config.mqtt.outsideUrl,
    }),
  ];
}
