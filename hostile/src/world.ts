import { createHash, generateKeyPairSync, randomInt, sign } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import { pairDevice } from "@tillkeeper/agent/credentials/pairing";
import { releaseText } from "@tillkeeper/contract/releases";
import { requestAccount } from "@tillkeeper/stage/accounts/accounts";
import { audienceOf, fetchToken } from "@tillkeeper/stage/accounts/tokens";
import { type Post, poster } from "./setup-requests.ts";
import type { Stage } from "./stage.ts";
import { type Device, type TransferKind, transferOf, transferSeconds, type Waiting } from "./transfers.ts";

/** The ids of one account's things, by kind. */
type Ids = Record<string, string[]>;

/** An account with a client and things of every kind. */
interface Party {
  accountId: string;
  clientId: string;
  clientSecret: string;
  token: string;
  ids: Ids;
}

/** The accounts of a run, with their things. */
export interface World {
  /** The account that the run's requests are for. */
  own: Party;
  /** An account whose things must look like missing ones. */
  foreign: Party;
  /** A token of the operator's client for the own account. */
  operatorToken: string;
  /** The operator's own account. */
  operator: Account;
  /** Signs the releases of the run. */
  signer: ReleaseSigner;
  /** The device for which the run sends messages. */
  messagingDevice: Device;
  /** Two further devices, one with a pending send_logs, one with a pending check_update. */
  waiting: Waiting;
}

const things = 6;

/** Makes two accounts with things of every kind, an operator of the first, and devices. */
export async function openWorld(stage: Stage): Promise<World> {
  const number = randomInt(1_000_000, 9_999_999);
  const operator = await openAccount(stage, `T1${number}`);
  const own = await openAccount(stage, `T7${number}`, operator.accountId);
  const foreign = await openAccount(stage, `T8${number}`);
  const ids = await makeThings(stage, own.accountId, own.token, "own");
  const messagingDevice = await openDevice(stage, own, "H-talker");
  const told = { terminal_id: messagingDevice.terminalId, operation: "open_menu", timeout: transferSeconds };
  const { id: toldOperation } = await poster(stage, own.token)("/v1/admin/terminals/operations", told);
  return {
    own: {
      ...own,
      ids: {
        ...ids,
        operation_id: [...(ids["operation_id"] ?? []), toldOperation],
        told_operation_id: [toldOperation],
        // Links of mails in the right form, with signatures that no server made.
        token: ["A", "Q", "g"].map((letter) => `${letter.repeat(42)}A`),
        talking_terminal_id: [messagingDevice.terminalId],
        address: [messagingDevice.address],
        operator_id: [operator.accountId],
        operator_destination_id: await addDestinations(poster(stage, operator.token), operator.accountId, "own"),
      },
    },
    foreign: {
      ...foreign,
      ids: {
        ...(await makeThings(stage, foreign.accountId, foreign.token, "far")),
        address: [(await openDevice(stage, foreign, "H-talker", "far-1")).address],
      },
    },
    operator,
    operatorToken: await enterAsOperator(stage, operator, own.accountId),
    signer: await registered(poster(stage, own.token), own.accountId, "Releases of the run"),
    messagingDevice,
    waiting: {
      send_logs: await openWaiting(stage, own, "send_logs"),
      check_update: await openWaiting(stage, own, "check_update"),
    },
  };
}

/** An account with a client. */
type Account = Omit<Party, "ids">;

async function openAccount(stage: Stage, accountId: string, operator?: string): Promise<Account> {
  const client = await requestAccount(
    { ...stage, url: stage.ownUrl },
    { account_id: accountId, name: "Shop", ...(operator && { operator_account_id: operator }) },
  );
  const { clientId, secret: clientSecret } = client;
  return { accountId, clientId, clientSecret, token: await fetchToken(stage.ownUrl, client) };
}

/** Gets a token of an operator's client for an account that the operator owns. */
async function enterAsOperator(stage: Stage, operator: Account, ownId: string): Promise<string> {
  const post = poster(stage, operator.token);
  const base = `/v1/accounts/${operator.accountId}/auth`;
  const client = await post(`${base}/clients`, {});
  await post(`${base}/client-grants`, {
    client_id: client.id,
    audience: audienceOf(ownId),
    scope: ["admin:accounts", "admin:checkout", "admin:hooks"],
    type: "client_credentials",
  });
  const { client_id: clientId, client_secret: secret } = client;
  return fetchToken(stage.ownUrl, { accountId: operator.accountId, clientId, secret }, ownId);
}

/** Makes things of every kind. Names have one length in all accounts, so that answers can be compared. */
async function makeThings(stage: Stage, aid: string, token: string, name: string): Promise<Ids> {
  const post = poster(stage, token);
  const ids: Ids = { aid: [aid], oid: [aid], account_id: [aid] };
  const add = (kind: string, id: unknown) => void (ids[kind] = [...(ids[kind] ?? []), String(id)]);
  for (let n = 1; n <= things; n += 1) {
    const store = await post(`/v1/accounts/${aid}/stores`, { store_id: `${name}-${n}` });
    add("store_id", store.store_id);
    await addTerminal(post, aid, `${name}-${n}`, add);
    await addClosing(post, aid, store.store_id, add);
    await addClient(post, aid, add);
    const user = { email: `${name}-${n}@kiosk.example`, name: "Ola", role: "operations" };
    add("user_ref", (await post(`/v1/accounts/${aid}/users`, user)).id);
    const content = { of: aid };
    add("version", (await post(`/v1/accounts/${aid}/configurations`, { content })).version);
  }
  for (const id of await addDestinations(post, aid, name)) add("payout_destination_id", id);
  await addReleases(post, aid, add);
  await addLog(post, aid, add);
  return ids;
}

type Add = (kind: string, id: unknown) => void;

async function addTerminal(post: Post, aid: string, store: string, add: Add): Promise<void> {
  const serial = `H-${aid}-${store}`;
  const body = { device_serial_number: serial, store_id: store };
  const { terminal_id: id } = await post(`/v1/accounts/${aid}/terminals`, body);
  add("terminal_id", id);
  add("device_serial_number", serial);
}

async function addClosing(post: Post, aid: string, store: string, add: Add): Promise<void> {
  const { id } = await post(`/v1/accounts/${aid}/stores/${store}/closings`, {});
  add("closing_store", store);
  add("closing_id", id);
}

async function addDestinations(post: Post, aid: string, name: string): Promise<string[]> {
  const ids = Array.from({ length: things }, (_, n) => `${name}-PD-${n + 1}`);
  for (const payout_destination_id of ids) {
    const destination = { payout_destination_id, payout_destination_description: "AUTO_APPROVE" };
    await post(`/v1/accounts/${aid}/payout-destinations`, destination);
  }
  return ids;
}

async function addClient(post: Post, aid: string, add: Add): Promise<void> {
  const { id, client_id } = await post(`/v1/accounts/${aid}/auth/clients`, {});
  const { secrets } = await post(`/v1/accounts/${aid}/auth/clients/${id}`, undefined, "GET");
  const audience = audienceOf(aid);
  const grant = { client_id: id, audience, scope: ["read:accounts"], type: "client_credentials" };
  add("client_ref", id);
  add("client_id", client_id);
  add("secret_client", id);
  add("secret_id", secrets[0].id);
  add("grant_ref", (await post(`/v1/accounts/${aid}/auth/client-grants`, grant)).id);
}

/** Makes the signed body that creates a release. */
type Describe = (keyId: string, version: string) => object;

interface ReleaseSigner {
  keyId: string;
  describe: Describe;
}

/** Makes a release key, and the function that signs releases with it. */
export function newReleaseKey(): { publicKey: object; describe: Describe } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return {
    publicKey: { kty: "OKP", crv: "Ed25519", x },
    describe: (keyId, version) => {
      const size = releaseFile.length;
      const sha256 = createHash("sha256").update(releaseFile).digest("hex");
      const release = { device_model: "SATURN1000", version, size, sha256 };
      return {
        ...release,
        signature: sign(null, Buffer.from(releaseText(release)), privateKey).toString("base64url"),
        key_id: keyId,
      };
    },
  };
}

async function registered(post: Post, aid: string, name: string): Promise<ReleaseSigner> {
  const { publicKey, describe } = newReleaseKey();
  const { key_id: keyId } = await post(`/v1/accounts/${aid}/release-keys`, { name, public_key: publicKey });
  return { keyId, describe };
}

/** The file of every release of the run. */
export const releaseFile = Buffer.from("a release\n");

async function addReleases(post: Post, aid: string, add: Add): Promise<void> {
  for (let n = 1; n <= things; n += 1) {
    const { keyId, describe } = await registered(post, aid, `Key ${n}`);
    const { id } = await post(`/v1/accounts/${aid}/releases`, describe(keyId, `${n}.0.0`));
    if (n % 2) await post(`/v1/accounts/${aid}/releases/${id}/file`, releaseFile, "PUT");
    add("key_id", keyId);
    add("release_id", id);
  }
}

/** Adds a store with a virtual terminal, has it send a log, and closes the store: the one whose terminal answers. */
async function addLog(post: Post, aid: string, add: Add): Promise<void> {
  const serial = `SIMULATED-${aid}-001`;
  const store = await post(`/v1/accounts/${aid}/stores`, {});
  const body = { device_serial_number: serial, store_id: store.store_id };
  const { terminal_id: terminal } = await post(`/v1/accounts/${aid}/terminals`, body);
  add("store_id", store.store_id);
  add("virtual_terminal_id", terminal);
  for (let tries = 0; tries < 50; tries += 1) {
    const operation = await ended(post, { terminal_id: terminal, operation: "send_logs" });
    add("operation_id", operation.id);
    if (operation.status !== "COMPLETED") continue;
    add("log_id", operation.result.log_id);
    return addClosing(post, aid, store.store_id, add);
  }
  throw new Error(`the virtual terminal ${terminal} sent no log`);
}

async function ended(post: Post, request: object) {
  const { id } = await post("/v1/admin/terminals/operations", request);
  for (;;) {
    const operation = await post(`/v1/admin/terminals/operations/${id}`, undefined, "GET");
    if (operation.status !== "PENDING") return operation;
    await sleep(50);
  }
}

async function openDevice(
  stage: Stage,
  { accountId: aid, token }: Account,
  serial: string,
  store = "own-1",
): Promise<Device> {
  const post = poster(stage, token);
  const body = { device_serial_number: `${serial}-${aid}`, store_id: store };
  const { terminal_id: terminalId, pairing } = await post(`/v1/accounts/${aid}/terminals`, body);
  const keys = makeDeviceKeys();
  const bodies: object[] = [];
  const paired = await watched(bodies, () =>
    pairDevice({ server: stage.ownUrl, keys, serialNumber: body.device_serial_number, code: pairing.code }),
  );
  return { terminalId, address: paired.address, token: paired.token, pairing: bodies.at(-1) ?? {} };
}

async function openWaiting(stage: Stage, account: Account, kind: TransferKind) {
  const device = await openDevice(stage, account, `H-${kind.replace("_", "-")}`);
  return { device, transfer: await transferOf(stage, account.token, device, kind) };
}

/** Runs `work`, and adds the bodies that it sends to `bodies`. Only the agent library can make the proofs in them. */
async function watched<T>(bodies: object[], work: () => Promise<T>): Promise<T> {
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    if (typeof init?.body === "string") bodies.push(JSON.parse(init.body));
    return real(input, init);
  };
  try {
    return await work();
  } finally {
    globalThis.fetch = real;
  }
}
