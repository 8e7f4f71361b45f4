import { randomUUID } from "node:crypto";
import { announcement, newKeyPair } from "./releases.ts";

/** An endpoint for callers with a token, as the OpenAPI document names it. */
export interface Endpoint {
  id: string;
  method: string;
  path: string;
  /** Whether the operation takes a body. */
  body: boolean;
}

/** Ids of one account's resources, by path parameter. */
export type Ids = Record<string, string>;

/** A key pair that no account has registered. */
const strayMaker = { ...newKeyPair(), keyId: "" };

/** A valid body for each operation that takes one, with the given ids. A new operation without a row fails. */
const bodies: Record<string, (ids: Ids) => unknown> = {
  sandbox_clock_put: () => ({ advance: "PT1H" }),
  sandbox_terminals_id_put: () => ({}),
  sandbox_terminals_id_purchases_post: () => ({ amount: 1 }),
  sandbox_terminals_id_refunds_post: () => ({ amount: 1 }),
  aid_users_post: () => ({ email: `${randomUUID()}@kiosk.example`, name: "Kari", role: "operations" }),
  aid_users_id_put: () => ({ name: "renamed", role: "operations" }),
  aid_users_id_links_post: () => ({ purpose: "invitation" }),
  auth_clients_post: () => ({}),
  aid_auths_clients_id_patch: () => ({ description: "renamed" }),
  oid_mgmnt_payout_destinations_by_id_patch: () => ({ email: "renamed@example.com" }),
  aid_mgmnt_approvals_payout_destinations_post: () => ({}),
  auth_clients_put: () => ({ name: "renamed" }),
  auth_client_grants_post: ({ client_ref, aid }) => ({
    client_id: client_ref,
    audience: `https://api.dintero.com/v1/accounts/${aid}`,
    scope: ["read:accounts"],
    type: "client_credentials",
  }),
  auth_client_grants_patch: () => ({ scope: ["read:accounts"] }),
  aid_account_management_stores_post: ({ payout_destination_id }) => ({
    payout_destination: { payout_destination_id },
  }),
  aid_account_management_stores_sid_put: () => ({ store_name: "renamed" }),
  aid_account_management_stores_sid_configuration_patch: () => ({ time_zone: "Europe/Oslo" }),
  aid_closings_mail_put: () => ({ mail_to: [{ address: "drift@kiosk.example" }] }),
  aid_stores_sid_closings_post: ({ terminal_id }) => ({ terminals: [terminal_id] }),
  aid_mgmnt_payout_destinations_post: () => ({}),
  payout_destinations_case_status_put: () => ({ case_status: "TERMINATED" }),
  aid_account_management_terminals_termid_put: ({ store_id }) => ({ store_id }),
  aid_account_management_terminals_post: ({ store_id }) => ({ device_serial_number: `W${randomUUID()}`, store_id }),
  terminal_pairing_codes_post: () => ({ reference: "job 17" }),
  terminal_device_post: () => ({ device_serial_number: `W${randomUUID()}` }),
  aid_source_hooks_post: () => ({ config: { url: "http://127.0.0.1:9/" }, events: ["account_store_add"] }),
  aid_hooks_hid_patch: () => ({ active: false }),
  aid_hooks_hid_resume_post: () => ({}),
  aid_hooks_hid_rotate_post: () => ({}),
  aid_hooks_hid_replay_post: () => ({ since: "2026-01-01T00:00:00Z" }),
  aid_releases_post: ({ key_id }) => ({ ...announcement(strayMaker, { version: "1" }), key_id }),
  aid_releases_rid_file_put: () => "a file",
  aid_release_keys_post: () => ({ name: "Releases", public_key: newKeyPair().publicKey }),
  aid_configurations_post: ({ store_id }) => ({ store_id, content: {} }),
  admin_terminals_operations_post: ({ terminal_id }) => ({ terminal_id, operation: "open_menu" }),
  account_admin_terminals_operations_post: ({ terminal_id }) => ({ terminal_id, operation: "open_menu" }),
};

/** A valid body for an endpoint, with these ids; undefined if it takes none. */
export function bodyOf(endpoint: Endpoint, ids: Ids): unknown {
  if (!endpoint.body) return undefined;
  return (bodies[endpoint.id] ?? fail(`${endpoint.id} takes a body: add one to the table`))(ids);
}

/** All endpoints of the OpenAPI document that take a token. */
export function guardedEndpoints(
  paths: Record<string, Record<string, { operationId: string; security: object[]; requestBody?: object }>>,
): Endpoint[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.security.some((one) => "bearer" in one))
      .map(([method, operation]) => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        body: operation.requestBody !== undefined,
      })),
  );
}

/** For what a test lacks. */
function fail(message: string): never {
  throw new Error(message);
}

/** The address of an endpoint with these ids in its path. */
export function urlOf({ id, path }: Endpoint, ids: Ids): string {
  // Clients, grants and users all call theirs `id`.
  const refs = { "/clients/": "client_ref", "/client-grants/": "grant_ref", "/users/": "user_ref" };
  const ref = Object.entries(refs).find(([part]) => path.includes(part))?.[1];
  const key = (name: string) => (name === "id" && ref !== undefined ? ref : name);
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(ids[key(name)] ?? fail(`${id}: no ${name}`)),
  );
}
