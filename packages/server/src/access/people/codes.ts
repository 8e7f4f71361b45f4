import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import type { Tx } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import type { RootKey } from "../../platform/folders/root-key.ts";
import { seal, unseal } from "../../platform/sealing.ts";
import { sha256 } from "../auth/secrets/secrets.ts";
import { mostCodeTries } from "./lifetimes.ts";

/** The defaults of RFC 6238, which every authenticator supports. */
const form = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** How many time steps a code may be early or late: clocks of telephones differ. */
const window = 1;
const recoveryCodes = 10;
/** Base32 of 80 bits, so that a fast digest is enough. */
const recoveryBytes = 10;

export interface CodeDeps {
  clock: RealClock;
  rootKey: RootKey;
}

/** What proved a sign-in beside the password; undefined for a person without an authenticator. */
export type SecondFactor = "totp" | "recovery_code";

/** Makes a secret for an authenticator: as it is shown, and as the row of the person gets it. */
export async function newTotpSecret({ rootKey }: Pick<CodeDeps, "rootKey">, person: { id: string; email: string }) {
  const secret = new Secret({ size: 20 });
  const uri = new TOTP({ ...form, issuer: "Tillkeeper", label: person.email, secret }).toString();
  const encrypted = await seal(rootKey.derive("totpSecrets"), person.id, secret.base32);
  return { secret: secret.base32, uri, encrypted };
}

/** The time step of a code, now or a little earlier or later. Undefined for a wrong code. */
export async function stepOf(
  { clock, rootKey }: CodeDeps,
  { person_id: personId, encrypted_secret: encrypted }: { person_id: string; encrypted_secret: string },
  code: string,
): Promise<number | undefined> {
  const token = plain(code);
  if (!codeForm.test(token)) return undefined;
  const base32 = (await unseal(rootKey.derive("totpSecrets"), personId, encrypted)) as string;
  const timestamp = clock.realNow().getTime();
  const delta = TOTP.validate({ ...form, token, secret: Secret.fromBase32(base32), timestamp, window });
  return delta === null ? undefined : TOTP.counter({ period: form.period, timestamp }) + delta;
}

/**
 * Uses a code of a person who has an authenticator, in the transaction of what it is for; of a person without one it asks nothing. Of
 * several transactions with one code only the first to commit succeeds. Call `countCodeTry` before that transaction. Throws
 * `code_required`, `code_refused`.
 */
export async function spendCode(
  tx: Tx,
  deps: CodeDeps,
  personId: string,
  code: string | undefined,
): Promise<SecondFactor | undefined> {
  const totp = await tx
    .selectFrom("person_totp")
    .select(["person_id", "encrypted_secret"])
    .where("person_id", "=", personId)
    .where("confirmed_at", "is not", null)
    .executeTakeFirst();
  if (!totp) return undefined;
  if (code === undefined) throw new ApiError("code_required", "A code of the authenticator is missing.", challenge);
  const step = await stepOf(deps, totp, code);
  if (step !== undefined && (await spendStep(tx, personId, step))) return "totp";
  if (await spendRecoveryCode(tx, { personId, code, now: deps.clock.realNow() })) return "recovery_code";
  throw codeRefused();
}

/** Accepts no code of a step twice, and none of an earlier step: a code that others have seen opens nothing. Beyond the bound of tries it accepts none. */
async function spendStep(tx: Tx, personId: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("person_totp")
    .set({ last_step: String(step), tries: 0 })
    .where("person_id", "=", personId)
    .where("confirmed_at", "is not", null)
    .where("tries", "<=", mostCodeTries)
    .where("last_step", "<", String(step))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function spendRecoveryCode(
  tx: Tx,
  { personId, code, now }: { personId: string; code: string; now: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("person_recovery_codes")
    .set({ used_at: now })
    .where("person_id", "=", personId)
    .where("code_sha256", "=", sha256(plain(code)))
    .where("used_at", "is", null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await tx.updateTable("person_totp").set({ tries: 0 }).where("person_id", "=", personId).execute();
  return true;
}

/** Makes the recovery codes of a person, who has none. Returns them as they are shown, this once. */
export async function insertRecoveryCodes(tx: Tx, personId: string): Promise<string[]> {
  const codes = Array.from(
    { length: recoveryCodes },
    () => new Secret({ buffer: new Uint8Array(randomBytes(recoveryBytes)).buffer }).base32,
  );
  await tx
    .insertInto("person_recovery_codes")
    .values(codes.map((code) => ({ person_id: personId, code_sha256: sha256(code) })))
    .execute();
  return codes.map((code) => code.match(/.{4}/g)?.join("-") ?? code);
}

/** For a code that is wrong, or was used. */
export function codeRefused(): ApiError {
  return new ApiError("code_refused", "The code is wrong, or does not count any more.", challenge);
}

const challenge = { headers: { "www-authenticate": "Cookie" } };
const codeForm = /^\d{6}$/;

/** A code as it was given out: people type it with spaces, hyphens, and in small letters. */
function plain(code: string): string {
  return code.replaceAll(/[\s-]/g, "").toUpperCase();
}
