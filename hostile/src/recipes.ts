import { createHash } from "node:crypto";
import { operationNames } from "@tillkeeper/contract/operations";
import { audienceOf } from "@tillkeeper/stage/accounts/tokens";
import type { Random } from "@tillkeeper/stage/programs/random";
import type { Stage } from "./stage.ts";
import { recentDay, uuid } from "./values.ts";
import { newReleaseKey, releaseFile, type World } from "./world.ts";

/** Numbers of test cards in the messages and logs of devices. No answer and no line of the server's log may show one. */
export const cardNumbers = ["4111111111111111", "5555555555554444", "378282246310005"];

/** What a recipe makes a request from. */
export interface Context {
  random: Random;
  stage: Stage;
  world: World;
  /** Picks an id of the account by its kind. Ids that belong together are picked together. */
  id: (kind: string) => string;
}

/** How a valid request for a route differs from what its schema alone gives. */
interface Recipe {
  /** The credentials, where they are not a client's token for the own account. */
  authorization?: (context: Context) => string;
  body?: (context: Context) => unknown;
  headers?: (body: string | Buffer, context: Context) => Record<string, string>;
  query?: (context: Context) => Record<string, string>;
  /** The kind of id for a parameter whose name is not its kind. */
  kinds?: Record<string, string>;
  /** The request ends the thing that it names, so it gets only things that the run has made. */
  destructive?: boolean;
  /** The request makes a thing of this kind, whose id is in this field of the answer. */
  makes?: IdField;
  /** The owner of the made thing: its kind, and the parameter of the path that names it. */
  belongsTo?: { kind: string; parameter: string };
  /** The request suspends the store in the path (true), or ends that (false). */
  suspends?: boolean;
  /** The request gives the thing in the path a new id, which is in this field of the answer. */
  renames?: IdField;
}

/** A field of an answer that holds an id. */
interface IdField {
  kind: string;
  field: string;
}

/** What a front end sends a browser with; the challenge is that of RFC 7636, appendix B. */
const authorizationRequest = {
  client_id: "till-app",
  redirect_uri: "https://app.kiosk.example/back",
  response_type: "code",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  code_challenge_method: "S256",
};
const clientKinds = { id: "client_ref" };
const grantKinds = { id: "grant_ref" };
const userKinds = { id: "user_ref" };
const closingKinds = { store_id: "closing_store" };
const logKinds = { terminal_id: "virtual_terminal_id" };
const messagingDeviceKinds = { terminal_id: "talking_terminal_id" };

const operation: Recipe = {
  body: ({ random, id }) => ({
    terminal_id: id(random.chance(0.4) ? "virtual_terminal_id" : "terminal_id"),
    operation: random.pick(operationNames),
  }),
  headers: (_body, { random }) => (random.chance(0.3) ? { "idempotency-key": uuid(random) } : {}),
  makes: { kind: "operation_id", field: "id" },
};
const brokerBearer = ({ stage }: Context) => `Bearer ${stage.brokerSecret}`;
const ofUpdate: Recipe = {
  authorization: ({ world }) => `Bearer ${world.waiting.check_update.transfer.token}`,
  kinds: { operation_id: "update_operation_id" },
};

/** An operator links its own destination to stores of the accounts that it owns. */
const ofOperator: Recipe = {
  authorization: ({ world }) => `Bearer ${world.operator.token}`,
  kinds: { oid: "operator_id", payout_destination_id: "operator_destination_id" },
};

/** The recipes by operation id. A route without a recipe gets requests by its schema alone. */
export const recipes: Record<string, Recipe> = {
  accounts_post: {
    authorization: ({ stage }) => `Bearer ${stage.bootstrapToken}`,
    body: ({ random, id }) => ({ name: "Shop", ...(random.chance(0.3) && { operator_account_id: id("aid") }) }),
  },
  auth_sign_in_post: {
    body: ({ random }) => ({ email: "kari@kiosk.example", password: `guess ${random.integer(1, 1e9)}` }),
    headers: (_body, { stage }) => ({ "sec-fetch-site": "same-origin", origin: stage.url }),
  },
  auth_sessions_id_delete: { kinds: userKinds },
  aid_users_post: {
    body: ({ random }) => ({
      email: `user-${random.integer(1, 1e12)}@kiosk.example`,
      name: "Kari",
      role: "operations",
    }),
    makes: { kind: "user_ref", field: "id" },
  },
  aid_users_id_get: { kinds: userKinds },
  aid_users_id_put: { kinds: userKinds, body: () => ({ name: "renamed", role: "operations" }) },
  aid_users_id_delete: { kinds: userKinds, destructive: true },
  aid_users_id_totp_delete: { kinds: userKinds, destructive: true },
  aid_users_id_links_post: { kinds: userKinds, body: () => ({ purpose: "invitation" }) },
  get_token: {
    authorization: ({ world: { own } }) =>
      `Basic ${Buffer.from(`${own.clientId}:${own.clientSecret}`).toString("base64")}`,
    body: ({ id }) => ({ grant_type: "client_credentials", audience: audienceOf(id("aid")) }),
  },
  auth_authorization_get: { query: () => authorizationRequest },
  auth_authorization_post: { body: () => authorizationRequest },
  auth_clients_post: { body: () => ({}), makes: { kind: "client_ref", field: "id" } },
  auth_clients_get: { kinds: clientKinds },
  auth_clients_put: { kinds: clientKinds, body: () => ({ name: "renamed" }) },
  aid_auths_clients_id_patch: { kinds: clientKinds, body: () => ({ description: "renamed" }) },
  aid_auths_clients_id_rotate_post: { kinds: clientKinds },
  auth_clients_delete: { kinds: clientKinds, destructive: true },
  auth_clients_secrets_post: {
    kinds: clientKinds,
    makes: { kind: "secret_id", field: "id" },
    belongsTo: { kind: "secret_client", parameter: "id" },
  },
  auth_clients_secrets_delete: { kinds: { id: "secret_client" }, destructive: true },
  auth_client_grants_post: {
    body: ({ id }) => ({
      client_id: id("client_ref"),
      audience: audienceOf(id("aid")),
      scope: ["read:accounts"],
      type: "client_credentials",
    }),
    makes: { kind: "grant_ref", field: "id" },
  },
  auth_client_grants_list: { kinds: { client_id: "client_ref" } },
  auth_client_grants_get: { kinds: grantKinds },
  auth_client_grants_patch: { kinds: grantKinds, body: () => ({ scope: ["read:accounts"] }) },
  auth_client_grants_delete: { kinds: grantKinds, destructive: true },
  aid_account_management_stores_post: {
    body: ({ random }) => (random.chance(0.5) ? {} : { store_id: `new-${random.integer(1, 1e9)}` }),
    makes: { kind: "store_id", field: "store_id" },
  },
  aid_account_management_stores_sid_put: {
    body: () => ({ store_name: "renamed" }),
    renames: { kind: "store_id", field: "store_id" },
  },
  aid_account_management_stores_sid_delete: { destructive: true },
  aid_account_management_stores_sid_configuration_patch: { body: () => ({ time_zone: "Europe/Oslo" }) },
  store_suspend_post: { suspends: true },
  store_resume_post: { suspends: false },
  aid_stores_sid_closings_post: {
    body: closingBody,
    headers: (_body, { random }) => ({
      ...(random.chance(0.3) && { "idempotency-key": uuid(random) }),
      ...(random.chance(0.1) && { prefer: "wait=1" }),
    }),
    makes: { kind: "closing_id", field: "id" },
    belongsTo: { kind: "closing_store", parameter: "store_id" },
  },
  aid_stores_sid_closings_id_get: { kinds: closingKinds },
  aid_closings_mail_put: { body: () => ({ mail_to: [{ address: "drift@kiosk.example" }] }) },
  aid_stores_sid_closings_id_cancel: { kinds: closingKinds },
  aid_source_hooks_post: {
    body: ({ stage }) => ({ config: { url: stage.hooksUrl }, events: ["terminal_operation_update"] }),
    makes: { kind: "hid", field: "id" },
  },
  aid_hooks_hid_replay_post: { body: () => ({ since: new Date(Date.now() - 60_000).toISOString() }) },
  aid_mgmnt_payout_destinations_post: {
    body: () => ({ payout_destination_description: "AUTO_APPROVE" }),
    makes: { kind: "payout_destination_id", field: "payout_destination_id" },
  },
  payout_destinations_case_status_put: { body: () => ({ case_status: "ACTIVE" }) },
  payout_destinations_stores_put: ofOperator,
  payout_destinations_stores_delete: ofOperator,
  aid_account_management_terminals_post: {
    body: ({ random, id }) => ({ device_serial_number: `N-${random.integer(1, 1e12)}`, store_id: id("open_store_id") }),
    makes: { kind: "terminal_id", field: "terminal_id" },
  },
  aid_account_management_terminals_termid_put: { body: ({ id }) => ({ store_id: id("open_store_id") }) },
  aid_account_management_terminals_termid_delete: { destructive: true },
  terminal_device_post: { body: ({ random }) => ({ device_serial_number: `D-${random.integer(1, 1e12)}` }) },
  terminal_pairing_codes_post: { body: () => ({ reference: "job 17" }) },
  terminal_probe_post: { kinds: logKinds },
  terminal_presence_get: { kinds: messagingDeviceKinds },
  terminal_telemetry_get: { kinds: messagingDeviceKinds },
  terminal_telemetry_history_get: { kinds: messagingDeviceKinds },
  admin_terminals_operations_post: operation,
  account_admin_terminals_operations_post: operation,
  admin_terminals_terminal_id_logs_log_id_get: { kinds: logKinds },
  admin_terminals_terminal_id_logs_log_id_content_get: { kinds: logKinds },
  account_admin_terminals_terminal_id_logs_log_id_get: { kinds: logKinds },
  account_admin_terminals_terminal_id_logs_log_id_content_get: { kinds: logKinds },
  aid_releases_post: {
    body: ({ random, world }) => world.signer.describe(world.signer.keyId, `${random.integer(1, 1e9)}.0.0`),
    makes: { kind: "release_id", field: "id" },
  },
  aid_releases_rid_file_put: { body: () => releaseFile },
  aid_releases_rid_delete: { destructive: true },
  aid_release_keys_post: {
    body: () => ({ name: "Releases", public_key: newReleaseKey().publicKey }),
    makes: { kind: "key_id", field: "key_id" },
  },
  aid_release_keys_kid_delete: { destructive: true },
  aid_configurations_post: {
    body: ({ id }) => ({ store_id: id("store_id"), content: {} }),
    makes: { kind: "version", field: "version" },
  },
  aid_configurations_version_delete: { destructive: true },
  device_pair_post: {
    body: ({ random, world: { messagingDevice } }) => ({
      ...messagingDevice.pairing,
      // The server allows few tries a minute for one serial number.
      ...(random.chance(0.95) && { device_serial_number: `P-${random.integer(1, 1e12)}` }),
    }),
  },
  device_token_post: {
    body: ({ world }) => {
      const { proof } = world.messagingDevice.pairing as { proof: string };
      return { terminal_id: world.messagingDevice.terminalId, proof };
    },
  },
  device_results_post: {
    body: (context) => {
      const { messagingDevice } = context.world;
      const { proof } = messagingDevice.pairing as { proof: string };
      return { address: messagingDevice.address, results: [resultMessage(context)], proof };
    },
  },
  device_messages_post: {
    authorization: ({ world }) => `Bearer ${world.messagingDevice.token}`,
    body: (context) => ({ session, messages: [deviceMessage(context)] }),
  },
  device_operations_update_get: { ...ofUpdate, query: () => ({ software_version: "4.1.2" }) },
  device_operations_update_file_get: { ...ofUpdate, query: ({ id }) => ({ release_id: id("release_id") }) },
  device_operations_operation_id_logs_put: {
    authorization: ({ world }) => `Bearer ${world.waiting.send_logs.transfer.token}`,
    kinds: { operation_id: "logs_operation_id" },
    body: ({ random }) => `a line\ncard ${random.pick(cardNumbers)} declined\n`,
    headers: (body) => ({
      "content-type": "text/plain",
      "content-digest": `sha-256=:${createHash("sha256").update(body).digest("base64")}:`,
    }),
  },
  broker_auth_post: {
    authorization: brokerBearer,
    body: ({ id }) => ({ username: id("address"), clientid: id("address"), password: "x" }),
  },
  broker_acl_post: {
    authorization: brokerBearer,
    body: ({ id }) => ({ username: id("address"), topic: `tillkeeper/v1/${id("address")}/hello`, action: "publish" }),
  },
};

/** A request to close a store. A terminal of the account is seldom one of the store, which is refused. */
function closingBody({ random, id }: Context): object {
  return {
    ...(random.chance(0.4) && { business_day: recentDay(random) }),
    ...(random.chance(0.2) && { when_busy: random.pick(["fail", "wait"]) }),
    ...(random.chance(0.2) && { retry_until: new Date(Date.now() - random.integer(0, 1e6)).toISOString() }),
    ...(random.chance(0.2) && { again: random.chance(0.5) }),
    ...(random.chance(0.3) && { expected: [{ currency: "NOK", purchases_count: random.integer(0, 9) }] }),
    ...(random.chance(0.1) && { terminals: [id("terminal_id")] }),
  };
}

const session = "hostile";

/** A message as a device sends it, with a card number in its free texts. */
function deviceMessage(context: Context): object {
  const { random } = context;
  const at = new Date().toISOString();
  return random.pick([
    {
      channel: "heartbeat",
      message: { session, sent_at: at, fault: { code: "printer", message: textWithCard(context) } },
    },
    {
      channel: "hello",
      message: { protocol: 1, agent: `hostile ${random.pick(cardNumbers)}`, sent_at: at, session, operations: [] },
    },
    { channel: "result", message: resultMessage(context) },
  ]);
}

/** A result of an operation that exists or not, as an entry of the device's log. */
function resultMessage(context: Context): object {
  const { random, id } = context;
  const number = random.integer(1, 50);
  return {
    number,
    after: number - 1,
    operation_id: random.chance(0.5) ? id("told_operation_id") : uuid(random),
    ...random.pick([
      { operation: "open_menu", status: "FAILED", reason: "device_error" },
      { operation: "end_of_day", status: "COMPLETED", result: { outcome: "accepted", batch_id: "1" } },
    ]),
    finished_at: new Date().toISOString(),
    error: { code: "declined", message: textWithCard(context) },
  };
}

function textWithCard({ random }: Context): string {
  return `declined card ${random.pick(cardNumbers)} track ;${random.pick(cardNumbers)}=2912?`;
}
