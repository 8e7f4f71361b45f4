import { accountRoutes } from "../access/accounts/routes.ts";
import { auditRoutes } from "../access/audit/routes.ts";
import { authRoutes } from "../access/auth/routes.ts";
import { clientRoutes } from "../access/clients/routes.ts";
import { grantRoutes } from "../access/grants/routes.ts";
import { personTokens } from "../access/people/authorizations/person-tokens.ts";
import { peopleRoutes } from "../access/people/routes.ts";
import { closingRoutes } from "../closings/routes.ts";
import { pingDatabase } from "../db/ping.ts";
import { verifyHandingIn } from "../enrolment/pairing/handing-in.ts";
import { enrolmentRoutes } from "../enrolment/routes.ts";
import { longPollRoutes } from "../gateway/carriers/long-poll/routes.ts";
import { brokerRoutes } from "../gateway/carriers/outside/access/routes.ts";
import { handingInRoutes } from "../gateway/routes.ts";
import { createAnnouncer } from "../gateway/send.ts";
import { healthRoutes } from "../health/routes.ts";
import { deviceLogRoutes, logRoutes } from "../logs/routes.ts";
import { createReceiveLog } from "../logs/upload/receive.ts";
import { mailRoutes } from "../mail/routes.ts";
import { payoutDestinationRoutes } from "../merchants/payout-destinations/routes.ts";
import { onDestinationDetails } from "../merchants/stores/destination-details.ts";
import { storeRoutes } from "../merchants/stores/routes.ts";
import { onDestinationChange } from "../merchants/stores/suspension.ts";
import type { Accept } from "../operations/accept.ts";
import { operationRoutes } from "../operations/routes.ts";
import type { Route } from "../platform/http/route.ts";
import type { Waits } from "../platform/http/wait.ts";
import type { Supervisor } from "../platform/supervisor.ts";
import { presenceRoutes } from "../presence/routes.ts";
import { reportRoutes } from "../reports/routes.ts";
import { showReport } from "../reports/show.ts";
import { activationRoutes } from "../rollout/activations/routes.ts";
import { configurationRoutes } from "../rollout/configurations/routes.ts";
import { deviceUpdateRoutes } from "../rollout/releases/device-routes.ts";
import { releaseRoutes } from "../rollout/releases/routes.ts";
import { clockRoutes } from "../sandbox/clock.ts";
import type { SandboxPlan } from "../sandbox/content.ts";
import { type RequestLog, requestLogRoutes } from "../sandbox/request-log.ts";
import { resetRoutes } from "../sandbox/reset.ts";
import { terminalControlRoutes } from "../sandbox/terminal-controls.ts";
import { streamRoutes } from "../stream/routes.ts";
import { authenticateDevice } from "../terminals/credentials/authenticate.ts";
import { terminalRoutes } from "../terminals/routes.ts";
import { timelineRoutes } from "../timeline/routes.ts";
import { hookRoutes } from "../webhooks/routes.ts";
import { requireAllBound } from "./all-bound.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";
import type { Mail } from "./mail.ts";
import type { ClosingPorts, EnrolmentPorts, StorePorts } from "./ports.ts";
import type { Webhooks } from "./webhooks.ts";

export interface Features {
  accept: Accept;
  stores: StorePorts;
  enrolment: EnrolmentPorts;
  closings: ClosingPorts;
  webhooks: Webhooks;
  mail: Mail;
  supervisor: Supervisor;
  /** Where requests wait that say `Prefer: wait`. */
  waits: Waits;
  /** Whether all is there that the server makes at its start. */
  started: () => boolean;
  /** Whether the server was told to stop. */
  stopping: () => boolean;
  /** Of a sandbox: the account that it was opened with, once it is open, what that has at its beginning, and the log of its requests. */
  sandbox: { account: () => string | undefined; plan: SandboxPlan; requestLog: RequestLog } | undefined;
}

/** All routes of the server, feature by feature. Throws when an endpoint of the contract has no handler, or two. */
export function routesOf(core: Core, devices: DeviceSide, features: Features): Route[] {
  const routes = [
    ...accessRoutes(core, features),
    ...merchantRoutes(core, features),
    ...operationsRoutes(core, devices, features),
    ...deviceRoutes(core, devices, features),
    ...streamRoutes({
      db: core.db,
      principals: core.principals,
      present: core.presentEvents,
      streams: core.eventStreams,
    }),
    ...hookRoutes(features.webhooks.deps),
    ...mailRoutes(features.mail.deps),
    ...(features.sandbox ? sandboxRoutes(core, devices, { ...features, sandbox: features.sandbox }) : []),
    ...healthRoutes({
      started: features.started,
      stopping: features.stopping,
      pingDatabase: () => pingDatabase(core.db),
      brokerHealthy: () => devices.transport.healthy(),
      backupsInTime: () => !core.backups?.state().late,
      workers: () => features.supervisor.health(),
      wallClockAheadMs: () => core.databaseClock.wallAheadMs,
    }),
  ];
  requireAllBound(routes, { sandbox: features.sandbox !== undefined });
  return routes;
}

/** The controls of a sandbox. Any other server has no routes for them: each request to them is answered as if they did not exist. */
function sandboxRoutes(
  core: Core,
  devices: DeviceSide,
  { sandbox, waits, stores, enrolment }: Features & { sandbox: NonNullable<Features["sandbox"]> },
): Route[] {
  const disconnect = (address: string) => devices.transport.disconnect(address);
  const wake = () => devices.controls?.wake();
  return [
    ...clockRoutes({ ...core, follow: () => core.databaseClock.look() }),
    ...resetRoutes({ ...core, stores, enrolment, plan: sandbox.plan, ownAccount: sandbox.account, disconnect }),
    ...requestLogRoutes(sandbox.requestLog),
    ...terminalControlRoutes({ ...core, waits, wake }),
  ];
}

/** Accounts, clients and their grants. */
function accessRoutes(
  { config, db, clock, keys, tokens, signIn, names, addresses }: Core,
  { mail: { linkMails } }: Pick<Features, "mail">,
): Route[] {
  const { acceptedHosts, url: ownUrl } = addresses;
  return [
    ...authRoutes({ db, keys, tokens, acceptedHosts, ownUrl, people: personTokens({ db, clock }) }),
    ...auditRoutes({ db, names }),
    ...accountRoutes({ db, clock, bootstrapToken: config.bootstrapToken }),
    ...clientRoutes({ db, clock }),
    ...peopleRoutes({ ...signIn, ownUrl, linkMails }),
    ...grantRoutes({ db, clock, acceptedHosts, ownUrl }),
  ];
}

/** The resources of a merchant: stores, payout destinations, terminals. */
function merchantRoutes({ config, db, clock, addresses }: Core, { stores, enrolment }: Features): Route[] {
  return [
    ...storeRoutes(stores),
    ...payoutDestinationRoutes({
      db,
      clock,
      register: config.organizations?.checkDestinations ? stores.register : undefined,
      ownUrl: addresses.url,
      storesOfDestinationChanged: onDestinationChange(stores),
      detailsOfDestinationChanged: onDestinationDetails(stores),
    }),
    ...terminalRoutes({ db, clock }),
    ...enrolmentRoutes(enrolment),
  ];
}

/** Operations on terminals, and what the server knows of terminals. */
function operationsRoutes(core: Core, devices: DeviceSide, { accept, waits, closings }: Features): Route[] {
  const { db, clock, files, watch, names } = core;
  const { presenceClock, probes } = devices;
  const announceCancel = createAnnouncer(devices.device, "cancel");
  return [
    ...operationRoutes({ db, clock, watch, accept, waits, names, announceCancel }),
    ...closingRoutes({ ...closings, waits, names, showReport: (...request) => showReport(closings, ...request) }),
    ...reportRoutes(closings),
    ...activationRoutes({ db, clock }),
    ...logRoutes(core),
    ...releaseRoutes({ db, clock, files }),
    ...configurationRoutes({ db, clock }),
    ...timelineRoutes({ db, clock, presenceClock, names }),
    ...presenceRoutes({ db, clock: presenceClock, probes }),
  ];
}

/** Routes for devices and brokers. */
function deviceRoutes(core: Core, devices: DeviceSide, { enrolment }: Features): Route[] {
  const { mailboxes, receive, heardPolling, device, readResult } = devices;
  const { config, db, clock, files, transfers, addresses } = core;
  return [
    ...longPollRoutes({
      mailboxes,
      receive,
      heard: heardPolling,
      authenticate: (header) => authenticateDevice(enrolment, header),
    }),
    ...handingInRoutes({ reports: device.reports, readResult, verify: verifyHandingIn(enrolment) }),
    ...deviceLogRoutes({ tokens: transfers, receive: createReceiveLog(core) }),
    ...deviceUpdateRoutes({ db, clock, files, transfers, ownUrl: addresses.url }),
    ...brokerRoutes({
      authentication: core,
      secret: config.mqtt.brokerSecret,
      brokerUrl: config.mqtt.outsideUrl,
    }),
  ];
}
