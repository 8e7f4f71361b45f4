import { accountEndpoints } from "./accounts.ts";
import { activationEndpoints, activationEndpointsByToken } from "./activations.ts";
import { auditEndpoints } from "./audit.ts";
import { authorizationEndpoints } from "./authorization.ts";
import { brokerEndpoints } from "./broker.ts";
import { clientGrantEndpoints } from "./client-grants.ts";
import { clientEndpoints } from "./clients.ts";
import { closingReportEndpoints } from "./closing-reports.ts";
import { closingEndpoints } from "./closings.ts";
import { configurationEndpoints } from "./configurations.ts";
import { destinationApprovalEndpoints } from "./destination-approvals.ts";
import { deviceEndpoints } from "./device-endpoints.ts";
import { eventEndpoints } from "./events.ts";
import { healthEndpoints } from "./health.ts";
import { hookEndpoints } from "./hooks.ts";
import { logEndpoints, logEndpointsByToken } from "./logs.ts";
import { closingMailEndpoints, mailLinkEndpoints } from "./mail.ts";
import { oidcEndpoints } from "./oidc.ts";
import { operationEndpoints, operationEndpointsByToken } from "./operations.ts";
import { payoutDestinationEndpoints } from "./payout-destination-endpoints.ts";
import { signInEndpoints } from "./people.ts";
import { presenceEndpoints } from "./presence.ts";
import { releaseEndpoints, releaseKeyEndpoints } from "./releases.ts";
import { sandboxEndpoints } from "./sandbox.ts";
import { storeEndpoints } from "./store-endpoints.ts";
import { terminalEndpoints } from "./terminal-endpoints.ts";
import { timelineEndpoints } from "./timeline.ts";
import { authEndpoints } from "./token.ts";
import { totpEndpoints } from "./totp.ts";
import { userEndpoints } from "./users.ts";

/** Every endpoint of the HTTP API, by noun and by name. The SDK uses these names, too. */
export const endpoints = {
  auth: authEndpoints,
  accounts: accountEndpoints,
  clients: clientEndpoints,
  clientGrants: clientGrantEndpoints,
  signIn: signInEndpoints,
  totp: totpEndpoints,
  authorizations: authorizationEndpoints,
  signInProviders: oidcEndpoints,
  users: userEndpoints,
  stores: storeEndpoints,
  terminals: terminalEndpoints,
  operations: operationEndpoints,
  operationsByToken: operationEndpointsByToken,
  closings: closingEndpoints,
  hooks: hookEndpoints,
  closingReports: closingReportEndpoints,
  closingMail: closingMailEndpoints,
  mailLinks: mailLinkEndpoints,
  activations: activationEndpoints,
  activationsByToken: activationEndpointsByToken,
  logs: logEndpoints,
  logsByToken: logEndpointsByToken,
  presence: presenceEndpoints,
  timeline: timelineEndpoints,
  releases: releaseEndpoints,
  releaseKeys: releaseKeyEndpoints,
  configurations: configurationEndpoints,
  payoutDestinations: payoutDestinationEndpoints,
  destinationApprovals: destinationApprovalEndpoints,
  audit: auditEndpoints,
  events: eventEndpoints,
  devices: deviceEndpoints,
  brokers: brokerEndpoints,
  sandbox: sandboxEndpoints,
  health: healthEndpoints,
};
