import { randomUUID } from "node:crypto";
import type { TerminalCredential } from "@tillkeeper/contract/http/terminals";
import type { JWK } from "jose";
import { type Kysely, sql } from "kysely";
import { recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant } from "../auth/live-grant.ts";
import { newSecret, sha256 } from "../auth/secrets.ts";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";
import { ApiError } from "../platform/errors.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { type AdmitDeps, admitWhileLive, type IssuingDeps } from "./admit-live.ts";
import { generationOf } from "./lapses.ts";
import { terminalNotFound } from "./present.ts";
import { lockTerminal } from "./queries.ts";

export { type GiveUpRecipient, type IssuingDeps, noteAdmitted } from "./admit-live.ts";
export {
  type AuthenticationDeps,
  accountOfTerminalId,
  authenticateDevice,
  authenticateTerminal,
} from "./authentication.ts";
export { type FindLiveCredential, liveCredentials } from "./sql/live-credentials.ts";

export interface CredentialDeps extends AdmitDeps {
  mqttUrl: () => string;
}

/**
 * Gives a terminal a new MQTT credential and ends the old one. The password is answered once and kept as a hash.
 * Throws `terminal_not_found`, and `virtual_terminal` for one that has its credential from the server itself.
 */
export async function issueCredential(
  deps: CredentialDeps,
  caller: PowerfulCaller,
  terminalId: string,
): Promise<TerminalCredential> {
  const { accountId } = caller;
  const { password, credentialId } = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const terminal = await lockTerminal(tx, accountId, terminalId);
    if (!terminal || terminal.status === "DELETED") throw terminalNotFound();
    if (terminal.simulated) throw virtualTerminal();
    await recordChange(tx, deps.clock, live, {
      action: "terminal.issue_credential",
      subject: { type: "terminal", id: terminalId },
    });
    const replaced = await replaceCredential(tx, deps, accountId, terminalId);
    await deps.giveUpRecipient(tx, { accountId, terminalId });
    return replaced;
  });
  const admitted = await admitWhileLive(deps, credentialId, {
    terminalId,
    password,
    generation: credentialId,
    former: "ends",
  });
  // Like one that is answered and replaced a moment later.
  const {
    username,
    clientId,
    password: mqttPassword,
  } = admitted ?? { username: terminalId, clientId: terminalId, password };
  return {
    terminal_id: terminalId,
    mqtt_url: deps.mqttUrl(),
    username,
    password: mqttPassword,
    client_id: clientId,
  };
}

export function virtualTerminal(): ApiError {
  return new ApiError("virtual_terminal", "A virtual terminal has its credential from the server itself.");
}

/**
 * Gives a terminal a password; answers it, and the credential's id. With an id of before it is for the same device, which
 * nobody has to wait for to be gone.
 */
export async function replaceCredential(
  db: Kysely<Tables>,
  deps: IssuingDeps,
  accountId: string,
  terminalId: string,
  credentialId: string = randomUUID(),
): Promise<{ password: string; credentialId: string }> {
  const password = newSecret();
  const secret = { secret_sha256: sha256(password), public_key: null, device_serial_number: null };
  const of = { account_id: accountId, terminal_id: terminalId, credential_id: credentialId };
  await storeCredential(db, deps, { ...of, ...secret });
  return { password, credentialId };
}

/** Every terminal that may connect, for brokers that keep a list: not those whose tokens are over. */
export async function listLiveCredentials(db: Db): Promise<{ terminalId: string; generation: string }[]> {
  const rows = await db.sql
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "credential.account_id")
        .onRef("terminals.terminal_id", "=", "credential.terminal_id"),
    )
    .select(["credential.terminal_id", "credential.credential_id", "credential.token_lapses"])
    .where("credential.lapsed_at", "is", null)
    .where((eb) => eb.or([eb("terminals.status", "<>", "DELETED"), eb("credential.ends_with", "is not", null)]))
    .execute();
  return rows.map((row) => ({ terminalId: row.terminal_id, generation: generationOf(row) }));
}

/** Makes a device's public key the terminal's credential; answers the credential's id. */
export async function replaceWithKey(
  db: Kysely<Tables>,
  deps: IssuingDeps,
  { accountId, terminalId, publicKey, serialNumber }: PairedDevice,
): Promise<string> {
  const credentialId = randomUUID();
  await storeCredential(db, deps, {
    account_id: accountId,
    terminal_id: terminalId,
    credential_id: credentialId,
    secret_sha256: null,
    public_key: JSON.stringify(publicKey),
    device_serial_number: serialNumber,
  });
  return credentialId;
}

interface PairedDevice {
  accountId: string;
  terminalId: string;
  publicKey: JWK;
  serialNumber: string;
}

interface StoredCredential {
  account_id: string;
  terminal_id: string;
  credential_id: string;
  secret_sha256: Buffer | null;
  public_key: string | null;
  device_serial_number: string | null;
}

async function storeCredential(
  db: Kysely<Tables>,
  { clock, tellsApart }: IssuingDeps,
  credential: StoredCredential,
): Promise<void> {
  const now = clock.now();
  const row = { ...credential, created_at: now, token_lapses: 0, lapse_due_at: null, lapsed_at: null };
  const { account_id: _account, terminal_id: _terminal, ...changed } = row;
  const same = sql<boolean>`terminal_credentials.credential_id = excluded.credential_id`;
  const known = tellsApart ? now : null;
  // Before the first device of all there was none that could still be connected.
  const isFirst = sql`not exists (
    select from terminal_devices
    where account_id = ${credential.account_id} and terminal_id = ${credential.terminal_id})`;
  const ofNew = sql<Date | null>`case when ${isFirst} then ${now}::timestamptz else ${known}::timestamptz end`;
  const ofNext = sql<Date | null>`case when ${same} then terminal_credentials.admitted_at else ${known}::timestamptz end`;
  await db
    .insertInto("terminal_credentials")
    .values({ ...row, admitted_at: ofNew })
    .onConflict((conflict) =>
      conflict.columns(["account_id", "terminal_id"]).doUpdateSet({ ...changed, admitted_at: ofNext }),
    )
    .execute();
}

/** From now on nobody gets in as this terminal. */
export async function endCredential(db: Kysely<Tables>, accountId: string, terminalId: string): Promise<void> {
  await db
    .deleteFrom("terminal_credentials")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}
