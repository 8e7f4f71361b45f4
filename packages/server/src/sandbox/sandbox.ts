import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "@tillkeeper/contract/scopes";
import { openAccount } from "../access/accounts/accounts.ts";
import { isValidClientSecret } from "../access/auth/check-secret.ts";
import { createClient } from "../access/auth/clients.ts";
import { hashChosen } from "../access/auth/secrets/chosen-secrets.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import { insertSecret, type NewSecret } from "../access/auth/secrets/stored-secrets.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { writePrivateFile } from "../platform/folders/private-file.ts";
import { newId } from "../platform/ids.ts";
import { StartupError } from "../platform/startup-error.ts";
import { beginningOf, ensureStores, type StoresDeps } from "./beginning.ts";
import { beginAt } from "./clock.ts";
import { makeSignInLink } from "./first-user.ts";
import { findSnapshot } from "./snapshot.ts";

/** Content of `sandbox.json`: enough for a program to start working. */
export interface SandboxFile {
  http_url: string;
  mqtt_url: string;
  account_id: string;
  client_id: string;
  client_secret: string;
}

/** A sandbox that is open. */
export interface OpenSandbox extends SandboxFile {
  terminalIds: string[];
  /** Lets one browser into the console, once. Absent where the sandbox's user was removed. */
  signInLink: string | undefined;
  /** The ids of the terminals that the plan names, by their names. */
  namedTerminals: Record<string, string>;
}

export interface SandboxDeps extends StoresDeps {
  clock: Clock;
  folder: string;
  /** Fixed account id, for fixtures. */
  accountId: string | undefined;
  /** Fixed credentials, for CI. */
  client: { id: string; secret: string } | undefined;
  addresses: { http_url: string; mqtt_url: string };
  /** Makes this server go by a moved time at once. */
  follow: () => Promise<void>;
}

const accountName = "Sandbox";
const scopes = ["admin:accounts", "admin:checkout", "admin:hooks"] as const satisfies readonly Scope[];

/**
 * Opens the sandbox. The first start creates an account with a client, stores and their virtual terminals; later
 * starts find that account, and create what it lacks of them. The database holds only hashes of secrets, so the secret to show comes from `sandbox.json`.
 * When that file is gone, the client gets a further secret.
 */
export async function openSandbox(deps: SandboxDeps): Promise<OpenSandbox> {
  const path = join(deps.folder, "sandbox.json");
  const known = readSandboxFile(path);
  const found = await findAccount(deps, known);
  // Before anything is created: rows from before would have times before the sandbox's beginning.
  if (found === undefined && deps.plan.clock !== undefined) await beginAt(deps, deps.plan.clock);
  const accountId = found ?? (await createAccount(deps));
  const client = await ensureClient(deps, accountId, known);
  const file: SandboxFile = {
    ...deps.addresses,
    account_id: accountId,
    client_id: client.id,
    client_secret: client.secret,
  };
  const beginning = (await findSnapshot(deps.db.sql, accountId)) ?? beginningOf(deps, accountId);
  await ensureStores(deps, { accountId, clientId: client.id }, beginning);
  // Last, and complete at once: programs wait for this file and then use what it names.
  writePrivateFile(path, `${JSON.stringify(file, null, 2)}\n`);
  return {
    ...file,
    signInLink: await makeSignInLink({ ...deps, accountId, httpUrl: deps.addresses.http_url }),
    terminalIds: await terminalIds(deps, accountId),
    namedTerminals: await namedTerminals(deps, accountId),
  };
}

/** The account that was asked for; else the one of the last start, or the oldest. */
async function findAccount({ db, accountId }: SandboxDeps, known: Partial<SandboxFile>): Promise<string | undefined> {
  const sandboxes = db.sql.selectFrom("accounts").select("account_id").where("account_id", "like", "T%");
  const found =
    accountId === undefined
      ? sandboxes
          .where("name", "=", accountName)
          .orderBy((eb) => eb("account_id", "=", known.account_id ?? ""), "desc")
          .orderBy("created_at")
      : sandboxes.where("account_id", "=", accountId);
  return (await found.executeTakeFirst())?.account_id;
}

async function createAccount({ db, clock, accountId: fixed }: SandboxDeps): Promise<string> {
  for (;;) {
    const accountId = fixed ?? `T${randomInt(10_000_000, 100_000_000)}`;
    const actor = { accountId, clientId: "tillkeeper:sandbox", address: "", requestId: "sandbox" };
    const created = await inTenant(db, accountId, (tx) => openAccount(tx, clock, actor, accountName));
    // Another server on the same database may have made the one asked for at this moment.
    if (created || fixed !== undefined) return accountId;
  }
}

function readSandboxFile(path: string): Partial<SandboxFile> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Partial<SandboxFile>;
  } catch {
    // Missing or damaged: the client gets a further secret and the file is written anew.
    return {};
  }
}

async function ensureClient(deps: SandboxDeps, accountId: string, known: Partial<SandboxFile>) {
  const id = deps.client?.id ?? known.client_id ?? newId(deps.clock.now());
  const secret = deps.client?.secret ?? (known.client_id === id ? known.client_secret : undefined);
  const shown = secret && { accountId, clientId: id, secret, from: "sandbox" };
  if (shown && (await isValidClientSecret(deps.db, shown))) return { id, secret: shown.secret };
  if (!deps.client) {
    const made = newSecret();
    if (await giveSecret(deps, accountId, id, made)) return { id, secret: made };
    const next = newId(deps.clock.now());
    await giveSecret(deps, accountId, next, made);
    return { id: next, secret: made };
  }
  if (await giveSecret(deps, accountId, id, await hashChosen(deps.client.secret))) return deps.client;
  throw new StartupError(
    `The sandbox's client ${id} was deleted, and no client is called so again: name another one in TILLKEEPER_SANDBOX_CLIENT_ID.`,
  );
}

/**
 * Adds a secret to the client, which is created if it does not exist. Returns false when the client was deleted: no
 * secret opens a deleted client.
 */
function giveSecret({ db, clock }: SandboxDeps, accountId: string, clientId: string, secret: NewSecret) {
  return db.sql.transaction().execute(async (tx) => {
    const known = await tx
      .selectFrom("clients")
      .select("revoked_at")
      .where("account_id", "=", accountId)
      .where("client_id", "=", clientId)
      .forUpdate()
      .executeTakeFirst();
    if (known?.revoked_at) return false;
    if (known) await insertSecret(tx, clock, { accountId, clientId, secret });
    else await createClient(tx, clock, { accountId, clientId, name: accountName, secret, scopes });
    return true;
  });
}

/** By their serial numbers, which only the plan's terminals have. */
async function namedTerminals({ db, plan }: StoresDeps, accountId: string): Promise<Record<string, string>> {
  const rows = await db.sql
    .selectFrom("terminals")
    .select(["terminal_id", "device_serial_number"])
    .where("account_id", "=", accountId)
    .where("simulated", "=", true)
    .where("status", "<>", "DELETED")
    .execute();
  const ids = new Map(rows.map((row) => [row.device_serial_number, row.terminal_id]));
  const named = plan.terminals.map(({ name, number }) => [name, ids.get(`SIMULATED-${accountId}-${number}`)]);
  return Object.fromEntries(named.filter(([name, id]) => name !== undefined && id !== undefined));
}

const usuallyShown = 20;

/** Ids of the terminals of an account, in the order of their creation; of a large one, the first, and all that the plan names. */
export async function terminalIds({ db, plan }: StoresDeps, accountId: string, atLeast = 0): Promise<string[]> {
  const rows = await db.sql
    .selectFrom("terminals")
    .select("terminal_id")
    .where("account_id", "=", accountId)
    .where("status", "<>", "DELETED")
    .orderBy("number")
    .limit(Math.max(usuallyShown, plan.terminals.length, atLeast))
    .execute();
  return rows.map((row) => row.terminal_id);
}
