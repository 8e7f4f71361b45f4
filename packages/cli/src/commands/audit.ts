import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { checkCheckpoints } from "@tillkeeper/server/access/audit/checkpoints/files";
import { checkpointKey, keyIdOf } from "@tillkeeper/server/access/audit/checkpoints/keys";
import { verifyCheckpoints } from "@tillkeeper/server/access/audit/checkpoints/verify";
import { verifyChains } from "@tillkeeper/server/access/audit/verify";
import { type Config, readConfig } from "@tillkeeper/server/config/config";
import type { Db } from "@tillkeeper/server/db/db";
import { readRootKey, rootKeyFile } from "@tillkeeper/server/platform/folders/root-key";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { withDatabase } from "../database.ts";

export interface VerifyOptions {
  account?: string;
  checkpoint: string[];
  publicKey: string[];
}

const nextStep = [
  "Leave the database as it is: the log cannot be mended, and what is there is evidence. Compare the entries of the accounts",
  "named with a backup from before; docs/audit.md says what each fault means.",
].join("\n");

/** Prints the public key that verifies checkpoints. */
export function keyAction(): void {
  const publicKey = ownKey(readConfig(process.env));
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  console.log(`Key id: ${keyIdOf(publicKey)}\n${pem.trimEnd()}`);
}

/** Verifies the chains of the audit log, and the checkpoints given. Sets exit code 1 when one does not hold. */
export async function verifyAction(options: VerifyOptions): Promise<void> {
  const config = readConfig(process.env);
  const keys = options.publicKey.map(readPublicKey);
  // An auditor's copy of the database has no key file: the public keys given suffice there.
  if (options.checkpoint.length > 0 && (keys.length === 0 || readRootKey(rootKeyFile(config))))
    keys.push(ownKey(config));
  const holds = await withDatabase(config, async (db) => {
    const chainsHold = await printChains(db, options);
    return (await printCheckpoints(db, options, keys)) && chainsHold;
  });
  if (holds) return;
  console.log(nextStep);
  process.exitCode = 1;
}

async function printChains(db: Db, { account }: VerifyOptions): Promise<boolean> {
  let holds = true;
  for await (const { accountId, entries, fault } of verifyChains(db, account)) {
    console.log(`${accountId}  ${fault ? `BROKEN: ${fault}` : `holds, ${entries} entries`}`);
    if (fault) holds = false;
  }
  return holds;
}

async function printCheckpoints(db: Db, { checkpoint, account }: VerifyOptions, keys: KeyObject[]): Promise<boolean> {
  if (checkpoint.length === 0) return true;
  const { checkpoints, faults } = await checkCheckpoints(checkpoint, keys);
  for (const { number, at, accounts, digest } of checkpoints) {
    console.log(`checkpoint ${number} of ${at}  signed, ${accounts} accounts, digest ${digest}`);
  }
  for (const fault of faults) console.log(`checkpoint BROKEN: ${fault}`);
  let holds = faults.length === 0;
  for await (const { accountId, number, at, fault } of verifyCheckpoints(db, checkpoints, account)) {
    console.log(`${accountId}  NOT AS IN CHECKPOINT ${number} of ${at}: ${fault}`);
    holds = false;
  }
  return holds;
}

function ownKey(config: Config): KeyObject {
  const file = rootKeyFile(config);
  const rootKey = readRootKey(file);
  if (rootKey) return checkpointKey(rootKey).publicKey;
  throw new StartupError(
    `There is no key file ${file}: the first server makes it. Where it is somewhere else, name it in TILLKEEPER_KEY_FILE, or name the public key that \`tillkeeper audit key\` prints there with --public-key.`,
  );
}

function readPublicKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readFileSync(file, "utf8"));
    const fault = key.asymmetricKeyType === "ed25519" ? publicKeyProblem(key.export({ format: "jwk" })) : "";
    if (fault === undefined) return key;
    if (fault !== "") throw new StartupError(`The key in ${file} (--public-key) ${fault}.`);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code = "" } = error as { code?: string };
    if (code === "ENOENT") throw new StartupError(`There is no file ${file} (--public-key).`, { cause: error });
  }
  throw new StartupError(`The file ${file} (--public-key) does not hold a key as \`tillkeeper audit key\` prints it.`);
}
