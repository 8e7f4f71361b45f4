// Printed from the endpoints of the contract by `npm run reference`; do not edit.
// oxlint-disable eslint/max-lines -- a line for each endpoint
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { endpoints } from "@tillkeeper/contract/http/endpoints";
import type { Row } from "./method.ts";
import type { MethodWith } from "./method-types.ts";

type Endpoints = typeof endpoints;

/** What the parameters of paths are called in an editor. */
interface NamedParameters {
  account_id: [accountId: string];
  closing_id: [closingId: string];
  delivery_id: [deliveryId: string];
  hid: [hid: string];
  id: [id: string];
  key_id: [keyId: string];
  log_id: [logId: string];
  operation_id: [operationId: string];
  payout_destination_id: [payoutDestinationId: string];
  release_id: [releaseId: string];
  secret_id: [secretId: string];
  store_id: [storeId: string];
  terminal_id: [terminalId: string];
  version: [version: string];
}

type MethodOf<E extends Endpoint> = MethodWith<E, NamedParameters>;

/** A method for each endpoint that clients call, under its noun. */
export interface Nouns {
  readonly clients: {
    /** Create an API client; its secret is shown this once. Scopes: admin:accounts. */
    readonly create: MethodOf<Endpoints["clients"]["create"]>;
    /** List API clients, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["clients"]["list"]>;
    /** Get an API client. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["clients"]["get"]>;
    /** Change an API client's name, description and callbacks. Scopes: admin:accounts. */
    readonly update: MethodOf<Endpoints["clients"]["update"]>;
    /** Change an API client's name or description. Scopes: admin:accounts. */
    readonly patch: MethodOf<Endpoints["clients"]["patch"]>;
    /** Delete an API client; its tokens stop working within 5 seconds. Scopes: admin:accounts. */
    readonly delete: MethodOf<Endpoints["clients"]["delete"]>;
    /** Get a new secret, shown this once; the earlier ones end after 24 hours, issued tokens stay valid. Scopes: admin:accounts. */
    readonly rotateSecret: MethodOf<Endpoints["clients"]["rotateSecret"]>;
    /** Get a further secret, shown this once; the others stay valid. Scopes: admin:accounts. */
    readonly addSecret: MethodOf<Endpoints["clients"]["addSecret"]>;
    /** Delete a secret; it gets no further token. Scopes: admin:accounts. */
    readonly deleteSecret: MethodOf<Endpoints["clients"]["deleteSecret"]>;
  };
  readonly clientGrants: {
    /** Grant a client scopes for this account, or for an account that this account operates. Scopes: admin:accounts. */
    readonly create: MethodOf<Endpoints["clientGrants"]["create"]>;
    /** List client grants, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["clientGrants"]["list"]>;
    /** Get a client grant. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["clientGrants"]["get"]>;
    /** Change the scopes of a client grant. Scopes: admin:accounts. */
    readonly update: MethodOf<Endpoints["clientGrants"]["update"]>;
    /** Remove a client grant; its tokens stop working within 5 seconds. Scopes: admin:accounts. */
    readonly delete: MethodOf<Endpoints["clientGrants"]["delete"]>;
  };
  readonly users: {
    /** Make a person a user of the account; a link then invites the person. Scopes: admin:accounts. */
    readonly create: MethodOf<Endpoints["users"]["create"]>;
    /** List the users of the account, newest first. Scopes: admin:accounts. */
    readonly list: MethodOf<Endpoints["users"]["list"]>;
    /** Get a user. Scopes: admin:accounts. */
    readonly get: MethodOf<Endpoints["users"]["get"]>;
    /** Change a user's name, role, stores and language; it counts from the person's next request on. Scopes: admin:accounts. */
    readonly update: MethodOf<Endpoints["users"]["update"]>;
    /** Remove a user; from the next request on the person sees nothing of the account. Scopes: admin:accounts. */
    readonly delete: MethodOf<Endpoints["users"]["delete"]>;
    /** Make a link that invites the user, or lets the user set another password. Scopes: admin:accounts. */
    readonly createLink: MethodOf<Endpoints["users"]["createLink"]>;
    /** Let the user sign in without the authenticator that is lost; without effect for a person who is a user of another account, too. Scopes: admin:accounts. */
    readonly endTotp: MethodOf<Endpoints["users"]["endTotp"]>;
  };
  readonly stores: {
    /** List stores, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["stores"]["list"]>;
    /** One store with its terminals. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["stores"]["get"]>;
    /** Create a store. Scopes: admin:accounts or write:accounts. */
    readonly create: MethodOf<Endpoints["stores"]["create"]>;
    /** Replace a store; absent fields are cleared, except its store_id. Scopes: admin:accounts or write:accounts. */
    readonly replace: MethodOf<Endpoints["stores"]["replace"]>;
    /** Delete a store without terminals; its store_id can be used again. Scopes: admin:accounts or write:accounts. */
    readonly delete: MethodOf<Endpoints["stores"]["delete"]>;
    /** The configuration of a store, defaults filled in. Scopes: admin:accounts or read:accounts. */
    readonly getConfiguration: MethodOf<Endpoints["stores"]["getConfiguration"]>;
    /** Change parts of a store's configuration; null restores the default. Scopes: admin:accounts or write:accounts. */
    readonly patchConfiguration: MethodOf<Endpoints["stores"]["patchConfiguration"]>;
    /** Suspend a store; its terminals turn INACTIVE. Scopes: admin:accounts. */
    readonly suspend: MethodOf<Endpoints["stores"]["suspend"]>;
    /** End the operator's suspension of a store. Scopes: admin:accounts. */
    readonly resume: MethodOf<Endpoints["stores"]["resume"]>;
  };
  readonly terminals: {
    /** Make a pairing code for a device; the terminal's earlier code ends. Scopes: admin:accounts or write:accounts. */
    readonly issuePairingCode: MethodOf<Endpoints["terminals"]["issuePairingCode"]>;
    /** List a terminal's pairing codes with their statuses, newest first. Scopes: admin:accounts or read:accounts. */
    readonly listPairingCodes: MethodOf<Endpoints["terminals"]["listPairingCodes"]>;
    /** Register a terminal in a store. Scopes: admin:accounts or write:accounts. */
    readonly create: MethodOf<Endpoints["terminals"]["create"]>;
    /** List terminals, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["terminals"]["list"]>;
    /** One terminal. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["terminals"]["get"]>;
    /** Move a terminal to another store, or name its model. Scopes: admin:accounts or write:accounts. */
    readonly update: MethodOf<Endpoints["terminals"]["update"]>;
    /** Remove a terminal; a connected one closes its day first. Scopes: admin:accounts or write:accounts. */
    readonly delete: MethodOf<Endpoints["terminals"]["delete"]>;
    /** Try again to bring a terminal into use: a new pairing code after 10 minutes of ADDING, or a new activation. Scopes: admin:accounts or write:accounts. */
    readonly sync: MethodOf<Endpoints["terminals"]["sync"]>;
    /** Give a terminal a new MQTT credential; the old credential ends at once. Scopes: admin:accounts or write:accounts. */
    readonly issueCredential: MethodOf<Endpoints["terminals"]["issueCredential"]>;
    /** Replace a terminal's device by another one; id and history of the terminal stay. Scopes: admin:accounts or write:accounts. */
    readonly replaceDevice: MethodOf<Endpoints["terminals"]["replaceDevice"]>;
    /** List a terminal's present device and its former ones, newest first. Scopes: admin:accounts or read:accounts. */
    readonly listDevices: MethodOf<Endpoints["terminals"]["listDevices"]>;
  };
  readonly operations: {
    /** Send a command to a terminal. Scopes: admin:checkout or write:checkout:/admin/terminals. */
    readonly create: MethodOf<Endpoints["operations"]["create"]>;
    /** List operations, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly list: MethodOf<Endpoints["operations"]["list"]>;
    /** One operation. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly get: MethodOf<Endpoints["operations"]["get"]>;
    /** Cancel an operation: at once while it cannot have begun (200), else its terminal is asked (202). Scopes: admin:checkout or write:checkout:/admin/terminals. */
    readonly cancel: MethodOf<Endpoints["operations"]["cancel"]>;
  };
  readonly closings: {
    /** Close a store's business day, or go on with what is missing of it (200). Scopes: admin:checkout or write:checkout:/admin/terminals. */
    readonly create: MethodOf<Endpoints["closings"]["create"]>;
    /** List a store's closings, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly list: MethodOf<Endpoints["closings"]["list"]>;
    /** What is open now, and what a closing would do; it closes nothing. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly preview: MethodOf<Endpoints["closings"]["preview"]>;
    /** One closing, as its terminals stand now; as CSV or as a page, its report. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly get: MethodOf<Endpoints["closings"]["get"]>;
    /** Cancel what a closing has not begun; what has begun goes on. Scopes: admin:checkout or write:checkout:/admin/terminals. */
    readonly cancel: MethodOf<Endpoints["closings"]["cancel"]>;
    /** List the closings of all stores of an account, newest first; of one business day with sums. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly listOfAccount: MethodOf<Endpoints["closings"]["listOfAccount"]>;
  };
  readonly hooks: {
    /** Create a subscription, which sends a ping at once; its signing secret is shown this once. Scopes: admin:hooks or write:hooks. */
    readonly create: MethodOf<Endpoints["hooks"]["create"]>;
    /** List subscriptions, newest first. Scopes: admin:hooks or read:hooks. */
    readonly list: MethodOf<Endpoints["hooks"]["list"]>;
    /** Get a subscription. Scopes: admin:hooks or read:hooks. */
    readonly get: MethodOf<Endpoints["hooks"]["get"]>;
    /** Change a subscription. Scopes: admin:hooks or write:hooks. */
    readonly update: MethodOf<Endpoints["hooks"]["update"]>;
    /** Delete a subscription; nothing is sent any more. Scopes: admin:hooks or write:hooks. */
    readonly delete: MethodOf<Endpoints["hooks"]["delete"]>;
    /** Send the event `ping`, once, also while the subscription is paused; the list of deliveries shows what came back. Scopes: admin:hooks or write:hooks. */
    readonly ping: MethodOf<Endpoints["hooks"]["ping"]>;
    /** Pause a subscription: what waits is kept. Scopes: admin:hooks or write:hooks. */
    readonly pause: MethodOf<Endpoints["hooks"]["pause"]>;
    /** Resume a paused subscription, with or without what it missed. Scopes: admin:hooks or write:hooks. */
    readonly resume: MethodOf<Endpoints["hooks"]["resume"]>;
    /** Get a new signing secret, shown this once; the earlier ones sign beside it for a while. Scopes: admin:hooks or write:hooks. */
    readonly rotateSecret: MethodOf<Endpoints["hooks"]["rotateSecret"]>;
    /** Send a range of events again, or all since an event or a time. Scopes: admin:hooks or write:hooks. */
    readonly replay: MethodOf<Endpoints["hooks"]["replay"]>;
    /** List a subscription's attempts to deliver, newest first. Scopes: admin:hooks or read:hooks. */
    readonly deliveries: MethodOf<Endpoints["hooks"]["deliveries"]>;
    /** One attempt, with its request and its answer. Scopes: admin:hooks or read:hooks. */
    readonly delivery: MethodOf<Endpoints["hooks"]["delivery"]>;
    /** Send one delivery again, with the same body. Scopes: admin:hooks or write:hooks. */
    readonly replayDelivery: MethodOf<Endpoints["hooks"]["replayDelivery"]>;
  };
  readonly closingReports: {
    /** List the reports of a closing, the original first. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly list: MethodOf<Endpoints["closingReports"]["list"]>;
    /** A month's closings of all stores as CSV, each by its latest report. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly export: MethodOf<Endpoints["closingReports"]["export"]>;
  };
  readonly closingMail: {
    /** Who is told by mail of days of any store that were not closed. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["closingMail"]["get"]>;
    /** Set who is told; the addresses of one store are in its configuration. Scopes: admin:accounts or write:accounts. */
    readonly replace: MethodOf<Endpoints["closingMail"]["replace"]>;
  };
  readonly activations: {
    /** Start to activate a terminal. Scopes: admin:checkout or write:checkout:/admin/terminals. */
    readonly create: MethodOf<Endpoints["activations"]["create"]>;
    /** List a terminal's activations, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals. */
    readonly list: MethodOf<Endpoints["activations"]["list"]>;
  };
  readonly logs: {
    /** List the logs that a terminal has sent, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals/logs. */
    readonly list: MethodOf<Endpoints["logs"]["list"]>;
    /** Read about one log of a terminal. Scopes: admin:checkout or read:checkout:/admin/terminals/logs. */
    readonly get: MethodOf<Endpoints["logs"]["get"]>;
    /** Download a log of a terminal, masked and compressed; each download is noted in the audit log. Scopes: admin:checkout or read:checkout:/admin/terminals/logs. */
    readonly getContent: MethodOf<Endpoints["logs"]["getContent"]>;
  };
  readonly presence: {
    /** The presence of a terminal. Scopes: admin:accounts or read:accounts. */
    readonly ofTerminal: MethodOf<Endpoints["presence"]["ofTerminal"]>;
    /** List the changes of a terminal's presence, newest first. Scopes: admin:accounts or read:accounts. */
    readonly listChanges: MethodOf<Endpoints["presence"]["listChanges"]>;
    /** Probe a terminal: ask it for an answer over its connection; takes three seconds at most. Scopes: admin:accounts or write:accounts. */
    readonly probe: MethodOf<Endpoints["presence"]["probe"]>;
    /** The telemetry of a terminal: the latest value of each field. Scopes: admin:accounts or read:accounts. */
    readonly telemetry: MethodOf<Endpoints["presence"]["telemetry"]>;
    /** List the changes of a terminal's telemetry, newest first. Scopes: admin:accounts or read:accounts. */
    readonly telemetryHistory: MethodOf<Endpoints["presence"]["telemetryHistory"]>;
    /** The presence of a store's terminals. Scopes: admin:accounts or read:accounts. */
    readonly ofStore: MethodOf<Endpoints["presence"]["ofStore"]>;
    /** List the stores with the number of their terminals by presence, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["presence"]["list"]>;
  };
  readonly timeline: {
    /** What happened to a terminal: all that is known of it in one list, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals, and admin:accounts or read:accounts. */
    readonly ofTerminal: MethodOf<Endpoints["timeline"]["ofTerminal"]>;
    /** What happened in a store, and to its terminals while they were there, newest first. Scopes: admin:checkout or read:checkout:/admin/terminals, and admin:accounts or read:accounts. */
    readonly ofStore: MethodOf<Endpoints["timeline"]["ofStore"]>;
  };
  readonly releases: {
    /** Create a release; it is offered once its file has been sent. Scopes: admin:accounts or write:accounts. */
    readonly create: MethodOf<Endpoints["releases"]["create"]>;
    /** List releases, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["releases"]["list"]>;
    /** One release. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["releases"]["get"]>;
    /** Withdraw a release: terminals are not offered it any more. Scopes: admin:accounts or write:accounts. */
    readonly withdraw: MethodOf<Endpoints["releases"]["withdraw"]>;
    /** Send the file of a release; from then on it is available. Scopes: admin:accounts or write:accounts. */
    readonly putFile: MethodOf<Endpoints["releases"]["putFile"]>;
    /** The file of a release, or the part of it that Range asks for. Scopes: admin:accounts or read:accounts. */
    readonly getFile: MethodOf<Endpoints["releases"]["getFile"]>;
  };
  readonly releaseKeys: {
    /** Register a public key that the account's releases are verified with. Scopes: admin:accounts or write:accounts. */
    readonly create: MethodOf<Endpoints["releaseKeys"]["create"]>;
    /** All release keys, newest first, revoked ones too. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["releaseKeys"]["list"]>;
    /** Revoke a release key: what it signed is not offered any more. Scopes: admin:accounts or write:accounts. */
    readonly revoke: MethodOf<Endpoints["releaseKeys"]["revoke"]>;
  };
  readonly configurations: {
    /** Create a configuration for all terminals, or for those of a model, of a store, or of both. Scopes: admin:accounts or write:accounts. */
    readonly create: MethodOf<Endpoints["configurations"]["create"]>;
    /** List configurations, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["configurations"]["list"]>;
    /** One configuration. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["configurations"]["get"]>;
    /** Withdraw a configuration: it holds for no terminal any more. Scopes: admin:accounts or write:accounts. */
    readonly withdraw: MethodOf<Endpoints["configurations"]["withdraw"]>;
    /** The configuration that a terminal should have, and the versions that it reported last. Scopes: admin:accounts or read:accounts. */
    readonly ofTerminal: MethodOf<Endpoints["configurations"]["ofTerminal"]>;
  };
  readonly payoutDestinations: {
    /** Create a payout destination. Scopes: admin:accounts or write:accounts or write:accounts:/management/settings/approvals. */
    readonly create: MethodOf<Endpoints["payoutDestinations"]["create"]>;
    /** List payout destinations, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["payoutDestinations"]["list"]>;
    /** One payout destination with its stores and terminals. Scopes: admin:accounts or read:accounts. */
    readonly get: MethodOf<Endpoints["payoutDestinations"]["get"]>;
    /** Change details of a payout destination. Scopes: admin:accounts or write:accounts or write:accounts:/management/settings/approvals. */
    readonly patch: MethodOf<Endpoints["payoutDestinations"]["patch"]>;
    /** Move the case of a payout destination; on a live account only its operator may. Scopes: admin:accounts. */
    readonly moveCase: MethodOf<Endpoints["payoutDestinations"]["moveCase"]>;
    /** Link an operator's destination to a store of an account it owns. Scopes: admin:accounts or write:accounts. */
    readonly linkStore: MethodOf<Endpoints["payoutDestinations"]["linkStore"]>;
    /** Remove the link between an operator's destination and a store. Scopes: admin:accounts or write:accounts. */
    readonly unlinkStore: MethodOf<Endpoints["payoutDestinations"]["unlinkStore"]>;
  };
  readonly destinationApprovals: {
    /** Create a payout destination, in the older form of the request. Scopes: admin:accounts or write:accounts or write:accounts:/management/settings/approvals. */
    readonly create: MethodOf<Endpoints["destinationApprovals"]["create"]>;
    /** List payout destinations in their older form, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["destinationApprovals"]["list"]>;
  };
  readonly audit: {
    /** Who changed what, newest first. Scopes: admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["audit"]["list"]>;
  };
  readonly events: {
    /** The events of an account, oldest first: a page, or a stream of what comes (Server-Sent Events). Scopes: admin:checkout or read:checkout:/admin/terminals, and admin:accounts or read:accounts. */
    readonly list: MethodOf<Endpoints["events"]["list"]>;
  };
  readonly sandbox: {
    /** What time it is in this sandbox. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly readClock: MethodOf<Endpoints["sandbox"]["readClock"]>;
    /** Move this sandbox's time ahead, or let it run faster; it never goes back. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly moveClock: MethodOf<Endpoints["sandbox"]["moveClock"]>;
    /** Take the account back to its snapshot, or else to what a new sandbox has; clients, tokens and the audit log stay. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly reset: MethodOf<Endpoints["sandbox"]["reset"]>;
    /** Let a reset take the account back to the stores and terminals that it has now. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly takeSnapshot: MethodOf<Endpoints["sandbox"]["takeSnapshot"]>;
    /** Let a reset take the account back to what a new sandbox has. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly forgetSnapshot: MethodOf<Endpoints["sandbox"]["forgetSnapshot"]>;
    /** The last 200 requests of the account that this server has answered, newest first. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly requests: MethodOf<Endpoints["sandbox"]["requests"]>;
    /** How a virtual terminal is made to behave. Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly readTerminal: MethodOf<Endpoints["sandbox"]["readTerminal"]>;
    /** Make a virtual terminal behave: faults, network, payment, paper, battery (202: not in force yet). Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly controlTerminal: MethodOf<Endpoints["sandbox"]["controlTerminal"]>;
    /** Put a purchase into the open batch (202: it follows once the terminal runs). Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly purchase: MethodOf<Endpoints["sandbox"]["purchase"]>;
    /** Put a refund into the open batch (202: it follows once the terminal runs). Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly refund: MethodOf<Endpoints["sandbox"]["refund"]>;
    /** Close the day at the terminal's own menu (202: it follows once the terminal runs). Scopes: admin:accounts or read:accounts or write:accounts or write:accounts:/management/settings/approvals or admin:checkout or read:checkout or write:checkout or read:checkout:/admin/terminals or write:checkout:/admin/terminals or read:checkout:/admin/terminals/logs or admin:hooks or read:hooks or write:hooks. */
    readonly close: MethodOf<Endpoints["sandbox"]["close"]>;
  };
}

export const endpointTable: { readonly [Noun in keyof Nouns]: Readonly<Record<keyof Nouns[Noun], Row>> } = {
  clients: {
    create: { method: "POST", path: "/v1/accounts/:oid/auth/clients", body: true },
    list: { method: "GET", path: "/v1/accounts/:oid/auth/clients", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:oid/auth/clients/:id" },
    update: { method: "PUT", path: "/v1/accounts/:oid/auth/clients/:id", body: true },
    patch: { method: "PATCH", path: "/v1/accounts/:oid/auth/clients/:id", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:oid/auth/clients/:id" },
    rotateSecret: { method: "POST", path: "/v1/accounts/:oid/auth/clients/:id/rotate-secret" },
    addSecret: { method: "POST", path: "/v1/accounts/:oid/auth/clients/:id/secrets" },
    deleteSecret: { method: "DELETE", path: "/v1/accounts/:oid/auth/clients/:id/secrets/:secret_id" },
  },
  clientGrants: {
    create: { method: "POST", path: "/v1/accounts/:oid/auth/client-grants", body: true },
    list: { method: "GET", path: "/v1/accounts/:oid/auth/client-grants", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:oid/auth/client-grants/:id" },
    update: { method: "PATCH", path: "/v1/accounts/:oid/auth/client-grants/:id", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:oid/auth/client-grants/:id" },
  },
  users: {
    create: { method: "POST", path: "/v1/accounts/:aid/users", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/users", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/users/:id" },
    update: { method: "PUT", path: "/v1/accounts/:aid/users/:id", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:aid/users/:id" },
    createLink: { method: "POST", path: "/v1/accounts/:aid/users/:id/links", body: true },
    endTotp: { method: "DELETE", path: "/v1/accounts/:aid/users/:id/totp" },
  },
  stores: {
    list: { method: "GET", path: "/v1/accounts/:aid/stores", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id", query: true },
    create: { method: "POST", path: "/v1/accounts/:aid/stores", body: true },
    replace: { method: "PUT", path: "/v1/accounts/:aid/stores/:store_id", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:aid/stores/:store_id" },
    getConfiguration: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/configuration" },
    patchConfiguration: { method: "PATCH", path: "/v1/accounts/:aid/stores/:store_id/configuration", body: true },
    suspend: { method: "POST", path: "/v1/accounts/:aid/stores/:store_id/suspend", repeatable: true },
    resume: { method: "POST", path: "/v1/accounts/:aid/stores/:store_id/resume", repeatable: true },
  },
  terminals: {
    issuePairingCode: { method: "POST", path: "/v1/accounts/:aid/terminals/:terminal_id/pairing-codes", body: true },
    listPairingCodes: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/pairing-codes" },
    create: { method: "POST", path: "/v1/accounts/:aid/terminals", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/terminals", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id" },
    update: { method: "PUT", path: "/v1/accounts/:aid/terminals/:terminal_id", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:aid/terminals/:terminal_id" },
    sync: { method: "POST", path: "/v1/accounts/:aid/terminals/:terminal_id/sync" },
    issueCredential: { method: "POST", path: "/v1/accounts/:aid/terminals/:terminal_id/credentials" },
    replaceDevice: { method: "POST", path: "/v1/accounts/:aid/terminals/:terminal_id/device", body: true },
    listDevices: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/devices" },
  },
  operations: {
    create: { method: "POST", path: "/v1/accounts/:aid/payments/admin/terminals/operations", body: true, key: true },
    list: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/operations", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/operations/:operation_id" },
    cancel: { method: "POST", path: "/v1/accounts/:aid/payments/admin/terminals/operations/:operation_id/cancel" },
  },
  closings: {
    create: { method: "POST", path: "/v1/accounts/:aid/stores/:store_id/closings", body: true, key: true },
    list: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/closings", query: true, pages: true },
    preview: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/closings/preview", query: true },
    get: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/closings/:closing_id", query: true, texts: true },
    cancel: { method: "POST", path: "/v1/accounts/:aid/stores/:store_id/closings/:closing_id/cancel", repeatable: true },
    listOfAccount: { method: "GET", path: "/v1/accounts/:aid/closings", query: true, pages: true },
  },
  hooks: {
    create: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/hooks/subscriptions", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/hooks/subscriptions/:hid" },
    update: { method: "PATCH", path: "/v1/accounts/:aid/hooks/subscriptions/:hid", body: true },
    delete: { method: "DELETE", path: "/v1/accounts/:aid/hooks/subscriptions/:hid" },
    ping: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/ping" },
    pause: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/pause", repeatable: true },
    resume: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/resume", body: true },
    rotateSecret: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/rotate-secret", body: true },
    replay: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/replay", body: true },
    deliveries: { method: "GET", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/deliveries", query: true, pages: true },
    delivery: { method: "GET", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/deliveries/:delivery_id" },
    replayDelivery: { method: "POST", path: "/v1/accounts/:aid/hooks/subscriptions/:hid/deliveries/:delivery_id/replay" },
  },
  closingReports: {
    list: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/closings/:closing_id/reports" },
    export: { method: "GET", path: "/v1/accounts/:aid/closings/export", query: true, answer: "text" },
  },
  closingMail: {
    get: { method: "GET", path: "/v1/accounts/:aid/closings/mail" },
    replace: { method: "PUT", path: "/v1/accounts/:aid/closings/mail", body: true },
  },
  activations: {
    create: { method: "POST", path: "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/activations" },
    list: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/activations", query: true, pages: true },
  },
  logs: {
    list: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/logs", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/logs/:log_id" },
    getContent: { method: "GET", path: "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/logs/:log_id/content", answer: "stream" },
  },
  presence: {
    ofTerminal: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/presence" },
    listChanges: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/presence/changes", query: true, pages: true },
    probe: { method: "POST", path: "/v1/accounts/:aid/terminals/:terminal_id/probe", repeatable: true },
    telemetry: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/telemetry" },
    telemetryHistory: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/telemetry/history", query: true, pages: true },
    ofStore: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/presence", query: true },
    list: { method: "GET", path: "/v1/accounts/:aid/presence", query: true, pages: true },
  },
  timeline: {
    ofTerminal: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/timeline", query: true, pages: true },
    ofStore: { method: "GET", path: "/v1/accounts/:aid/stores/:store_id/timeline", query: true, pages: true },
  },
  releases: {
    create: { method: "POST", path: "/v1/accounts/:aid/releases", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/releases", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/releases/:release_id" },
    withdraw: { method: "DELETE", path: "/v1/accounts/:aid/releases/:release_id" },
    putFile: { method: "PUT", path: "/v1/accounts/:aid/releases/:release_id/file", upload: "application/octet-stream" },
    getFile: { method: "GET", path: "/v1/accounts/:aid/releases/:release_id/file", answer: "stream" },
  },
  releaseKeys: {
    create: { method: "POST", path: "/v1/accounts/:aid/release-keys", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/release-keys" },
    revoke: { method: "DELETE", path: "/v1/accounts/:aid/release-keys/:key_id" },
  },
  configurations: {
    create: { method: "POST", path: "/v1/accounts/:aid/configurations", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/configurations", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:aid/configurations/:version" },
    withdraw: { method: "DELETE", path: "/v1/accounts/:aid/configurations/:version" },
    ofTerminal: { method: "GET", path: "/v1/accounts/:aid/terminals/:terminal_id/configuration" },
  },
  payoutDestinations: {
    create: { method: "POST", path: "/v1/accounts/:oid/payout-destinations", body: true },
    list: { method: "GET", path: "/v1/accounts/:oid/payout-destinations", query: true, pages: true },
    get: { method: "GET", path: "/v1/accounts/:oid/payout-destinations/:payout_destination_id" },
    patch: { method: "PATCH", path: "/v1/accounts/:oid/payout-destinations/:payout_destination_id", body: true },
    moveCase: { method: "PUT", path: "/v1/accounts/:oid/payout-destinations/:payout_destination_id/case-status", body: true },
    linkStore: { method: "PUT", path: "/v1/accounts/:oid/payout-destinations/:payout_destination_id/stores/:account_id/:store_id" },
    unlinkStore: { method: "DELETE", path: "/v1/accounts/:oid/payout-destinations/:payout_destination_id/stores/:account_id/:store_id" },
  },
  destinationApprovals: {
    create: { method: "POST", path: "/v1/accounts/:aid/management/settings/approvals/payout-destinations", body: true },
    list: { method: "GET", path: "/v1/accounts/:aid/management/settings/approvals/payout-destinations", query: true, pages: true },
  },
  audit: {
    list: { method: "GET", path: "/v1/accounts/:aid/audit", query: true, pages: true },
  },
  events: {
    list: { method: "GET", path: "/v1/accounts/:aid/events", query: true, pages: true },
  },
  sandbox: {
    readClock: { method: "GET", path: "/v1/sandbox/clock" },
    moveClock: { method: "PUT", path: "/v1/sandbox/clock", body: true },
    reset: { method: "POST", path: "/v1/sandbox/reset" },
    takeSnapshot: { method: "PUT", path: "/v1/sandbox/snapshot" },
    forgetSnapshot: { method: "DELETE", path: "/v1/sandbox/snapshot" },
    requests: { method: "GET", path: "/v1/sandbox/requests", query: true, pages: true },
    readTerminal: { method: "GET", path: "/v1/sandbox/terminals/:terminal_id" },
    controlTerminal: { method: "PUT", path: "/v1/sandbox/terminals/:terminal_id", body: true },
    purchase: { method: "POST", path: "/v1/sandbox/terminals/:terminal_id/purchases", body: true },
    refund: { method: "POST", path: "/v1/sandbox/terminals/:terminal_id/refunds", body: true },
    close: { method: "POST", path: "/v1/sandbox/terminals/:terminal_id/closes" },
  },
};
