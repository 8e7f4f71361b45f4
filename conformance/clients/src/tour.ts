/**
 * Calls every route for clients once with the client that @hey-api/openapi-ts generates, and some that the server refuses.
 * Prints what it called, and which answers a validating proxy found at odds with the document.
 */
import { client } from "../generated/hey-api/client.gen.js";
import * as api from "../generated/hey-api/sdk.gen.js";
import { account, audience, baseUrl, basic, pause, serialNumber, storeId } from "./given.js";

const called = new Set<string>();
const violations: string[] = [];
const path = { aid: account };
const owner = { oid: account };

type Answer<T> = Promise<{ data?: T; error?: unknown; response?: Response }>;

/** The body of an answer that has to be a success. */
async function ok<T>(answer: Answer<T>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer;
  if (!response?.ok) throw new Error(`${response?.url} ${response?.status}: ${JSON.stringify(error)}`);
  return data as NonNullable<T>;
}

/** Expects the server's refusal with this status: the proxy checks that the document describes it. */
async function refused(status: number, answer: Answer<unknown>): Promise<void> {
  const { error, response } = await answer;
  if (response?.status !== status)
    throw new Error(`${response?.url} ${response?.status}, expected ${status}: ${JSON.stringify(error)}`);
}

client.setConfig({ baseUrl });
client.interceptors.response.use((response, request, { url }) => {
  called.add(`${request.method} ${url}`);
  const found = response.headers.get("sl-violations");
  if (found) violations.push(`${request.method} ${url} ${response.status}: ${found}`);
  return response;
});

async function discovery() {
  await ok(api.getJwks());
  await ok(api.getOauthMetadata({ path: owner }));
  await ok(api.getOpenidConfiguration({ path: owner }));
  await ok(api.getOpenidConfigurationBefore({ path: owner }));
  await refused(401, api.aidAccountManagementStoresGet({ path }));
  const ask = { path: owner, body: { grant_type: "client_credentials" as const, audience } };
  await refused(401, api.getToken({ ...ask, headers: { authorization: `Basic ${btoa("nobody:knows")}` } }));
  await refused(
    400,
    api.getToken({
      path: owner,
      headers: { authorization: basic },
      body: { grant_type: "client_credentials", audience: "https://elsewhere.example/v1/accounts/T12345678" },
    }),
  );
  const token = await ok(api.getToken({ ...ask, headers: { authorization: basic } }));
  client.setConfig({ auth: () => token.access_token });
}

async function clientsAndGrants() {
  const made = await ok(api.authClientsPost({ path: owner, body: { name: "Till", description: "of the tour" } }));
  const one = { ...owner, id: made.id };
  await ok(api.authClientsList({ path: owner }));
  await ok(api.authClientsGet({ path: one }));
  await ok(api.authClientsPut({ path: one, body: { name: "Till 2" } }));
  await ok(api.aidAuthsClientsIdPatch({ path: one, body: { description: "changed" } }));
  const grant = await ok(
    api.authClientGrantsPost({
      path: owner,
      body: { client_id: made.id, audience, scope: ["admin:accounts", "receipts:write"], type: "any" },
    }),
  );
  const granted = { ...owner, id: grant.id };
  await ok(api.authClientGrantsList({ path: owner }));
  await ok(api.authClientGrantsGet({ path: granted }));
  await ok(api.authClientGrantsPatch({ path: granted, body: { scope: ["read:accounts"] } }));
  await ok(api.authClientGrantsDelete({ path: granted }));
  const second = await ok(api.authClientsSecretsPost({ path: one }));
  await ok(api.authClientsSecretsDelete({ path: { ...one, secret_id: second.id } }));
  await ok(api.aidAuthsClientsIdRotatePost({ path: one }));
  await ok(api.authClientsDelete({ path: one }));
  await refused(404, api.authClientsGet({ path: { ...owner, id: crypto.randomUUID() } }));
}

async function payoutDestinations(store: string) {
  const made = await ok(
    api.aidMgmntPayoutDestinationsPost({
      path: owner,
      body: {
        payout_destination_name: "Bakery",
        organization: { organization_number: "974760673", country: "NO" },
        bank_accounts: [
          { bank_account_currency: "NOK", bank_account_number: "NO9386011117947", bank_account_number_type: "IBAN" },
        ],
      },
    }),
  );
  const one = { ...owner, payout_destination_id: made.payout_destination_id };
  await ok(api.aidMgmntPayoutDestinationsGet({ path: owner }));
  await ok(api.aidMgmntPayoutDestinationsGetById({ path: one }));
  await ok(api.oidMgmntPayoutDestinationsByIdPatch({ path: one, body: { payout_reference: "BAKERY" } }));
  await ok(api.payoutDestinationsCaseStatusPut({ path: one, body: { case_status: "ACTIVE" } }));
  const link = { ...one, account_id: account, store_id: store };
  await refused(404, api.payoutDestinationsStoresPut({ path: link }));
  await refused(404, api.payoutDestinationsStoresDelete({ path: link }));
  await refused(409, api.payoutDestinationsCaseStatusPut({ path: one, body: { case_status: "DECLINED" } }));
  await ok(
    api.aidMgmntApprovalsPayoutDestinationsPost({
      path,
      body: {
        payout_destination_id: `${store}-seller`,
        payout_destination_name: "Seller",
        organization_number: "974760673",
        country_code: "NO",
      },
    }),
  );
  await ok(api.aidMgmntApprovalsPayoutDestinationsGet({ path }));
}

async function stores() {
  const made = await ok(api.aidAccountManagementStoresPost({ path, body: { store_id: storeId, store_name: "Tour" } }));
  const one = { ...path, store_id: made.id };
  await ok(api.aidAccountManagementStoresGet({ path }));
  await ok(
    api.aidAccountManagementStoresGet({ path, query: { limit: 1, includes: ["operator_payout_destinations"] } }),
  );
  await ok(api.aidAccountManagementStoresSidGet({ path: one }));
  await ok(api.aidAccountManagementStoresSidPut({ path: one, body: { store_id: storeId, store_name: "Tour 2" } }));
  await ok(api.aidAccountManagementStoresSidConfigurationGet({ path: one }));
  await ok(
    api.aidAccountManagementStoresSidConfigurationPatch({ path: one, body: { auto_end_of_day: { time: "23:00" } } }),
  );
  await ok(api.storeSuspendPost({ path: one }));
  await ok(api.storeResumePost({ path: one }));
  await ok(api.storePresenceGet({ path: one }));
  await refused(409, api.aidAccountManagementStoresPost({ path, body: { store_id: storeId } }));
  await refused(404, api.aidAccountManagementStoresSidGet({ path: { ...path, store_id: "nowhere" } }));
  const empty = await ok(api.aidAccountManagementStoresPost({ path, body: { store_id: `${storeId}-empty` } }));
  await ok(api.aidAccountManagementStoresSidDelete({ path: { ...path, store_id: empty.id } }));
  return made.store_id;
}

async function terminals(store: string) {
  const body = { store_id: store, device_serial_number: serialNumber, device_model: "SATURN1000" };
  const made = await ok(api.aidAccountManagementTerminalsPost({ path, body }));
  const one = { ...path, terminal_id: made.terminal_id };
  // A closing waits for who is away, and closes it when it comes: in the middle of what follows.
  while ((await ok(api.terminalPresenceGet({ path: one }))).status !== "online") await pause();
  await ok(api.aidAccountManagementTerminalsGet({ path }));
  await ok(api.aidAccountManagementTerminalsTermidGet({ path: one }));
  await ok(api.aidAccountManagementTerminalsTermidPut({ path: one, body: { store_id: store } }));
  await ok(api.aidTerminalsTermidConfigurationGet({ path: one }));
  await ok(api.terminalPresenceChangesGet({ path: one }));
  await ok(api.terminalTelemetryGet({ path: one }));
  await ok(api.terminalTelemetryHistoryGet({ path: one }));
  await ok(api.aidPresenceGet({ path }));
  await ok(api.terminalDevicesGet({ path: one }));
  await refused(409, api.aidAccountManagementTerminalsPost({ path, body }));
  await refused(409, api.aidAccountManagementTerminalsTermidSyncPost({ path: one }));
  return made.terminal_id;
}

/** A terminal whose device never comes: pairing codes, credentials, another device, sync, the end. */
async function pairing(store: string) {
  const device_serial_number = serialNumber.replace("SIMULATED", "TOUR");
  const made = await ok(
    api.aidAccountManagementTerminalsPost({ path, body: { store_id: store, device_serial_number } }),
  );
  const { terminal_id } = made;
  const one = { ...path, terminal_id };
  await ok(api.terminalPairingCodesPost({ path: one, body: { expires_in: 600 } }));
  await ok(api.terminalPairingCodesGet({ path: one }));
  await ok(api.terminalCredentialsPost({ path: one }));
  await refused(409, api.aidAccountManagementTerminalsTermidSyncPost({ path: one }));
  await ok(api.accountAdminTerminalsTerminalIdActivationsPost({ path: one }));
  await ok(api.accountAdminTerminalsTerminalIdActivationsGet({ path: one }));
  await refused(409, api.adminTerminalsTerminalIdActivationsPost({ path: { terminal_id } }));
  await ok(api.adminTerminalsTerminalIdActivationsGet({ path: { terminal_id } }));
  await ok(api.terminalDevicePost({ path: one, body: { device_serial_number: `${device_serial_number}-2` } }));
  await ok(api.aidAccountManagementTerminalsTermidDelete({ path: one }));
}

async function operations(terminal_id: string) {
  type Name = "end_of_day" | "open_menu" | "send_logs" | "check_update";
  const send = (operation: Name, key = crypto.randomUUID()) =>
    api.accountAdminTerminalsOperationsPost({
      path,
      headers: { "Idempotency-Key": key },
      body: { terminal_id, operation },
    });
  const ended = async (operation_id: string) => {
    for (;;) {
      const found = await ok(api.accountAdminTerminalsOperationsIdGet({ path: { ...path, operation_id } }));
      if (found.status !== "PENDING") return found;
      await pause();
    }
  };
  for (const name of ["check_update", "end_of_day", "open_menu"] as const) {
    const key = crypto.randomUUID();
    const { id } = await ok(send(name, key));
    await ok(send(name, key));
    await refused(409, send(name));
    await ended(id);
  }
  await ended((await ok(send("send_logs"))).id);
  const sent = await ok(api.adminTerminalsOperationsPost({ body: { terminal_id, operation: "open_menu" } }));
  await ended(sent.id);
  await ok(api.adminTerminalsOperationsGet());
  await ok(api.adminTerminalsOperationsGet({ query: { operation_id: sent.id } }));
  await ok(api.accountAdminTerminalsOperationsGet({ path, query: { terminal_id, limit: 1 } }));
  await ok(api.adminTerminalsOperationsIdGet({ path: { operation_id: sent.id } }));
  await refused(409, api.adminTerminalsOperationsIdCancel({ path: { operation_id: sent.id } }));
  await refused(409, api.accountAdminTerminalsOperationsIdCancel({ path: { ...path, operation_id: sent.id } }));
  await refused(404, api.adminTerminalsOperationsPost({ body: { terminal_id: "T0", operation: "open_menu" } }));
  await ok(api.terminalProbePost({ path: { ...path, terminal_id } }));
}

async function closings(store: string, terminal_id: string) {
  const of = { ...path, store_id: store };
  const { business_day } = await ok(api.aidStoresSidClosingsPreviewGet({ path: of }));
  const expected = [{ currency: "NOK", purchases_count: 1 }];
  const headers = { "Idempotency-Key": crypto.randomUUID(), Prefer: "wait=20" };
  const body = { business_day, terminals: [terminal_id], expected };
  const { id } = await ok(api.aidStoresSidClosingsPost({ path: of, headers, body }));
  // Without its day it would be asked for the running one, as this one may be yesterday's.
  await ok(api.aidStoresSidClosingsPost({ path: of, body: { business_day } }));
  const one = { ...of, closing_id: id };
  // An answer comes sooner than preferred where the closing waits for a terminal that is away; it goes on when that is back.
  const look = () => ok(api.aidStoresSidClosingsIdGet({ path: one, headers: { Prefer: "wait=20" } }));
  let seen = await look();
  for (; seen.state === "running"; seen = await look()) await pause();
  if (seen.state !== "closed") throw new Error(seen.text);
  await ok(api.aidStoresSidClosingsGet({ path: of, query: { business_day } }));
  await ok(api.aidClosingsGet({ path, query: { store_id: store, limit: 1 } }));
  await ok(api.aidClosingsExportGet({ path, query: { month: business_day.slice(0, 7) } }));
  await ok(api.aidStoresSidClosingsIdReportsGet({ path: one }));
  await ok(api.aidStoresSidClosingsIdCancel({ path: one }));
  const told = await ok(api.aidClosingsMailGet({ path }));
  await ok(api.aidClosingsMailPut({ path, body: { mail_to: told.mail_to ?? [] } }));
  await refused(400, api.aidClosingsMailPut({ path, body: { mail_to: [{ address: "nobody" }] } }));
  await refused(400, api.aidStoresSidClosingsPost({ path: of, body: { terminals: ["nobodys"] } }));
  await refused(422, api.aidStoresSidClosingsPost({ path: of, headers, body: { again: true } }));
  await refused(404, api.aidStoresSidClosingsIdGet({ path: { ...of, closing_id: crypto.randomUUID() } }));
  await refused(404, api.aidStoresSidClosingsGet({ path: { ...path, store_id: "nowhere" } }));
}

async function events() {
  const { events: oldest, last_event_id } = await ok(api.aidEventsGet({ path, query: { limit: 3 } }));
  const [event] = oldest;
  if (!event || last_event_id === undefined) throw new Error("nothing has happened in the account");
  await ok(api.aidEventsGet({ path, query: { starting_after: event.id, type: [event.event] } }));
  await ok(api.aidEventsGet({ path, query: { starting_after: "latest" } }));
  await refused(410, api.aidEventsGet({ path, query: { starting_after: "00000000-1" } }));
  await refused(404, api.aidEventsGet({ path, query: { store_id: "nowhere" } }));
}

async function webhooks() {
  // No receiver listens at that address: each attempt fails, and the list shows it.
  const config = { url: "http://127.0.0.1:9/hooks", secret: { type: "HMAC-SHA1" as const, value: "of the tour" } };
  const made = await ok(api.aidSourceHooksPost({ path, body: { config, events: ["account_store_update"] } }));
  const one = { ...path, hid: made.id };
  await ok(api.aidSourceHooksGet({ path, query: { limit: 1, total: true } }));
  await ok(api.aidSourceHooksHidGet({ path: one }));
  await ok(api.aidHooksHidPatch({ path: one, body: { fields: "store(store_id)", ordered: true } }));
  await ok(api.aidSourceHooksHidPingPost({ path: one }));
  const attempts = async () => ok(api.aidSourceHooksHidDeliveriesGet({ path: one, query: { success: false } }));
  let [attempt] = await attempts();
  for (; !attempt; [attempt] = await attempts()) await pause();
  const delivery = { ...one, delivery_id: attempt.id };
  await ok(api.aidSourceHooksHidDeliveriesIdGet({ path: delivery }));
  await ok(api.aidHooksHidDeliveriesIdReplayPost({ path: delivery }));
  await ok(api.aidHooksHidPausePost({ path: one }));
  await ok(api.aidHooksHidResumePost({ path: one, body: { missed: true } }));
  await ok(api.aidHooksHidRotatePost({ path: one, body: { overlap_seconds: 60 } }));
  await ok(api.aidHooksHidReplayPost({ path: one, body: { since: "2020-01-01T00:00:00Z", missed_only: true } }));
  const nowhere = { config: { url: baseUrl }, events: ["account_store_update" as const] };
  await refused(400, api.aidSourceHooksPost({ path, body: { ...nowhere, fields: "store(" } }));
  await refused(404, api.aidSourceHooksHidDeliveriesIdGet({ path: { ...one, delivery_id: crypto.randomUUID() } }));
  await ok(api.aidSourceHooksHidDelete({ path: one }));
  await refused(404, api.aidSourceHooksHidGet({ path: one }));
}

async function timelines(store_id: string, terminal_id: string) {
  const of = { ...path, terminal_id };
  const { entries } = await ok(api.terminalTimelineGet({ path: of, query: { limit: 3 } }));
  const [entry] = entries;
  if (!entry) throw new Error("nothing has happened to the terminal");
  await ok(api.terminalTimelineGet({ path: of, query: { starting_after: entry.id } }));
  await ok(api.terminalTimelineGet({ path: of, query: { around: entry.at } }));
  await ok(api.storeTimelineGet({ path: { ...path, store_id }, query: { around: "2026-10-25T02:30" } }));
  await refused(404, api.storeTimelineGet({ path: { ...path, store_id: "nowhere" } }));
}

async function logs(terminal_id: string) {
  const of = { terminal_id };
  const [log] = await ok(api.accountAdminTerminalsTerminalIdLogsGet({ path: { ...path, ...of } }));
  if (!log) throw new Error("send_logs has left no log");
  const one = { ...of, log_id: log.id };
  await ok(api.accountAdminTerminalsTerminalIdLogsLogIdGet({ path: { ...path, ...one } }));
  await ok(api.accountAdminTerminalsTerminalIdLogsLogIdContentGet({ path: { ...path, ...one } }));
  await ok(api.adminTerminalsTerminalIdLogsGet({ path: of }));
  await ok(api.adminTerminalsTerminalIdLogsLogIdGet({ path: one }));
  await ok(api.adminTerminalsTerminalIdLogsLogIdContentGet({ path: one }));
}

const base64url = (bytes: ArrayBuffer) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

async function releases() {
  const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const { x = "" } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const public_key = { kty: "OKP" as const, crv: "Ed25519" as const, x };
  const { key_id } = await ok(api.aidReleaseKeysPost({ path, body: { name: "Tour", public_key } }));
  await ok(api.aidReleaseKeysGet({ path }));

  const file = new TextEncoder().encode("software");
  const sha256 = [...new Uint8Array(await crypto.subtle.digest("SHA-256", file))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const text = `tillkeeper-release-v1\nSATURN1000\n4.9.0\n${file.length}\n${sha256}\n`;
  const signature = base64url(await crypto.subtle.sign("Ed25519", keys.privateKey, new TextEncoder().encode(text)));
  const described = { device_model: "SATURN1000", version: "4.9.0", size: file.length, sha256, signature, key_id };
  const made = await ok(api.aidReleasesPost({ path, body: described }));
  const one = { ...path, release_id: made.id };
  await ok(api.aidReleasesRidFilePut({ path: one, body: new Blob([file]) }));
  await ok(api.aidReleasesGet({ path }));
  await ok(api.aidReleasesRidGet({ path: one }));
  await ok(api.aidReleasesRidFileGet({ path: one }));
  await ok(api.aidReleasesRidDelete({ path: one }));
  await ok(api.aidReleaseKeysKidDelete({ path: { ...path, key_id } }));

  const laid = await ok(
    api.aidConfigurationsPost({ path, body: { device_model: "SATURN1000", content: { idle: "logo" } } }),
  );
  await ok(api.aidConfigurationsGet({ path }));
  await ok(api.aidConfigurationsVersionGet({ path: { ...path, version: laid.version } }));
  await ok(api.aidConfigurationsVersionDelete({ path: { ...path, version: laid.version } }));
}

async function controls(terminal_id: string) {
  const of = { path: { terminal_id } };
  await ok(api.sandboxTerminalsIdGet(of));
  await ok(api.sandboxTerminalsIdPut({ ...of, body: { fault: "slow", for: "PT1M" } }));
  await ok(api.sandboxTerminalsIdPut({ ...of, body: { fault: "none" } }));
  await ok(api.sandboxTerminalsIdPurchasesPost({ ...of, body: { amount: 12_900, tip: 900 } }));
  await ok(api.sandboxTerminalsIdRefundsPost({ ...of, body: { amount: 4_900 } }));
  await ok(api.sandboxTerminalsIdClosesPost(of));
  await refused(404, api.sandboxTerminalsIdGet({ path: { terminal_id: "T0" } }));
}

await discovery();
await clientsAndGrants();
const store = await stores();
await payoutDestinations(store);
const terminal = await terminals(store);
await pairing(store);
await closings(store, terminal);
await operations(terminal);
await logs(terminal);
await releases();
await events();
await webhooks();
await timelines(store, terminal);
await ok(api.aidAuditGet({ path }));
await ok(api.aidAuditGet({ path, query: { limit: 100 } }));
await controls(terminal);
await ok(api.sandboxRequestsGet({ query: { status: "2xx", limit: 2 } }));
await ok(api.sandboxClockGet());
await ok(api.sandboxClockPut({ body: { rate: 1 } }));
await ok(api.sandboxSnapshotPut());
await ok(api.sandboxSnapshotDelete());
await ok(api.sandboxResetPost());

console.log(JSON.stringify({ called: [...called].sort(), violations }));
