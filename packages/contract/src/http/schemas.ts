import type { TSchema } from "typebox";
import * as operationReasons from "../operation-reasons.ts";
import * as operationWords from "../operations.ts";
import * as presenceWords from "../presence.ts";
import * as telemetry from "../telemetry.ts";
import * as terminalStatus from "../terminal-status.ts";
import * as accounts from "./accounts.ts";
import * as activations from "./activations.ts";
import * as audit from "./audit.ts";
import * as broker from "./broker.ts";
import * as clientGrants from "./client-grants.ts";
import * as clients from "./clients.ts";
import * as configurations from "./configurations.ts";
import * as destinationApprovals from "./destination-approvals.ts";
import * as deviceMessages from "./device-messages.ts";
import * as deviceUpdates from "./device-updates.ts";
import * as devices from "./devices.ts";
import * as errors from "./errors.ts";
import * as eventEnvelopes from "./event-schemas.ts";
import * as events from "./events.ts";
import * as health from "./health.ts";
import * as hookSchemas from "./hook-schemas.ts";
import * as logs from "./logs.ts";
import * as mailSchemas from "./mail-schemas.ts";
import * as operations from "./operations.ts";
import * as payoutDestinations from "./payout-destinations.ts";
import * as people from "./people.ts";
import * as presence from "./presence.ts";
import * as releases from "./releases.ts";
import * as storeConfiguration from "./store-configuration.ts";
import * as stores from "./stores.ts";
import * as terminals from "./terminals.ts";
import * as timeline from "./timeline.ts";
import * as token from "./token.ts";
import * as users from "./users.ts";

const modules: readonly object[] = [
  operationReasons,
  operationWords,
  presenceWords,
  telemetry,
  terminalStatus,
  accounts,
  activations,
  audit,
  broker,
  clientGrants,
  clients,
  configurations,
  destinationApprovals,
  deviceMessages,
  deviceUpdates,
  devices,
  errors,
  eventEnvelopes,
  events,
  health,
  hookSchemas,
  logs,
  mailSchemas,
  operations,
  payoutDestinations,
  people,
  presence,
  releases,
  storeConfiguration,
  stores,
  terminals,
  timeline,
  token,
  users,
];

/** A name in PascalCase: `EndOfDay` for `end_of_day`. */
export function inPascalCase(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The schemas that have a name in the OpenAPI document, and so in clients generated from it. They are the schemas that these
 * modules export under a capitalized name, and those of the kinds of operations.
 */
export const namedSchemas: Readonly<Record<string, TSchema>> = Object.fromEntries([
  ...modules.flatMap((module) =>
    Object.entries(module).filter(([name, value]) => /^[A-Z]/.test(name) && typeof value === "object"),
  ),
  ...Object.entries(operations.operationSchemas).map(([name, schema]) => [`${inPascalCase(name)}Operation`, schema]),
]);
