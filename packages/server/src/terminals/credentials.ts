import type { TerminalCredential } from "@tillkeeper/contract/http/terminals";
import type { Kysely } from "kysely";
import { recordChange } from "../audit/audit.ts";
import { newSecret, sha256, sha256Matches } from "../auth/secrets.ts";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import type { Admission, Admitted } from "./admission.ts";
import { terminalNotFound } from "./present.ts";
import { lockTerminal } from "./queries.ts";

export interface CredentialDeps {
  db: Db;
  clock: Clock;
  mqttUrl: () => string;
  /** Makes the broker take a new credential, and send away whoever is connected with the old one. */
  admit: (admission: Admission) => Promise<Admitted>;
}

/**
 * Gives a terminal a new MQTT credential and ends the old one. The password is answered once and kept as a hash.
 * Throws `terminal_not_found`, and `virtual_terminal` for one that has its credential from the server itself.
 */
export async function issueCredential(
  deps: CredentialDeps,
  caller: Caller,
  terminalId: string,
): Promise<TerminalCredential> {
  const { accountId } = caller;
  const password = await inTenant(deps.db, accountId, async (tx) => {
    const terminal = await lockTerminal(tx, accountId, terminalId);
    if (!terminal || terminal.status === "DELETED") throw terminalNotFound();
    if (terminal.simulated) {
      throw new ApiError("virtual_terminal", "A virtual terminal has its credential from the server itself.");
    }
    await recordChange(tx, deps.clock, caller, {
      action: "terminal.issue_credential",
      subject: { type: "terminal", id: terminalId },
    });
    return replaceCredential(tx, deps.clock, accountId, terminalId);
  });
  const admitted = await deps.admit({
    terminalId,
    password,
    generation: generationOf(sha256(password)),
    former: "ends",
  });
  const { username, clientId } = admitted;
  return {
    terminal_id: terminalId,
    mqtt_url: deps.mqttUrl(),
    username,
    password: admitted.password,
    client_id: clientId,
  };
}

/** Answers the new password. */
export async function replaceCredential(
  db: Kysely<Tables>,
  clock: Clock,
  accountId: string,
  terminalId: string,
): Promise<string> {
  const password = newSecret();
  const secret = { secret_sha256: sha256(password), created_at: clock.now() };
  await db
    .insertInto("terminal_credentials")
    .values({ account_id: accountId, terminal_id: terminalId, ...secret })
    .onConflict((conflict) => conflict.columns(["account_id", "terminal_id"]).doUpdateSet(secret))
    .execute();
  return password;
}

/** Tells one credential of a terminal from the next, and says nothing of the secret that helps to guess it. */
export function generationOf(secretSha256: Buffer): string {
  return sha256(secretSha256).toString("base64url").slice(0, 22);
}

/** Every terminal that may connect, for brokers that keep a list. */
export async function liveCredentials(db: Db): Promise<{ terminalId: string; generation: string }[]> {
  const rows = await db.sql
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "credential.account_id")
        .onRef("terminals.terminal_id", "=", "credential.terminal_id"),
    )
    .select(["credential.terminal_id", "credential.secret_sha256"])
    .where((eb) => eb.or([eb("terminals.status", "<>", "DELETED"), eb("credential.ends_with", "is not", null)]))
    .execute();
  return rows.map((row) => ({ terminalId: row.terminal_id, generation: generationOf(row.secret_sha256) }));
}

const terminalIdForm = /^([PT]\d{8})-T\d{4,9}$/;

/** The account that a terminal id carries in front, or `undefined` when it has not the form of one. */
export function accountOfTerminalId(terminalId: string): string | undefined {
  return terminalIdForm.exec(terminalId)?.[1];
}

/**
 * Whether user name and password are those of a terminal that may connect: a live one, or a deleted one with an operation
 * still to end (docs/adr/0007-deleting-a-terminal.md). Answers its account.
 */
export async function authenticateTerminal(
  db: Db,
  username: string | undefined,
  password: Buffer | undefined,
): Promise<{ accountId: string; terminalId: string } | undefined> {
  const accountId = username && accountOfTerminalId(username);
  if (!accountId || !password) return undefined;
  const row = await db.sql
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "credential.account_id")
        .onRef("terminals.terminal_id", "=", "credential.terminal_id"),
    )
    .select("credential.secret_sha256")
    .where("credential.account_id", "=", accountId)
    .where("credential.terminal_id", "=", username)
    .where((eb) =>
      eb.or([
        eb("terminals.status", "<>", "DELETED"),
        eb.exists(
          eb
            .selectFrom("operations")
            .whereRef("operations.account_id", "=", "credential.account_id")
            .whereRef("operations.id", "=", "credential.ends_with")
            .where("operations.status", "=", "PENDING"),
        ),
      ]),
    )
    .executeTakeFirst();
  return row && sha256Matches(password, row.secret_sha256) ? { accountId, terminalId: username } : undefined;
}
