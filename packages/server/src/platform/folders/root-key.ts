import { hkdfSync, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StartupError } from "../startup-error.ts";
import { makeFolder } from "./make-folder.ts";

/**
 * Purposes of keys derived from the root key, with HKDF's `info`. A text never changes and is never used twice: a
 * purpose whose meaning changes gets a line of its own.
 */
const purposes = {
  /** The database keeps it to recognize the key. */
  fingerprint: "tillkeeper/fingerprint/1",
  /** Encrypts the private halves of the keys that sign tokens. */
  signingKeys: "tillkeeper/signing-keys/1",
  /** Signs checkpoints of the audit log. */
  auditCheckpoints: "tillkeeper/audit-checkpoints/1",
  /** Signs the `origin` in commands. */
  operationOrigins: "tillkeeper/operation-origins/1",
  /** Encrypts the secrets of webhooks. */
  webhookSecrets: "tillkeeper/webhook-secrets/1",
  /** Encrypts the secrets of people's authenticators. */
  totpSecrets: "tillkeeper/totp-secrets/1",
  /** Encrypts what a browser keeps while its person signs in at a provider. */
  signInFlows: "tillkeeper/sign-in-flows/1",
  /** Makes the tokens of links that are mailed. */
  mailedLinkTokens: "tillkeeper/mailed-link-tokens/1",
  /** Signs the links of mails. */
  mailLinks: "tillkeeper/mail-links/1",
} as const;

export type KeyPurpose = keyof typeof purposes;

/** The secret of an installation that is not in its database. All other keys are derived from it. */
export interface RootKey {
  /** The file that it was read from. */
  readonly file: string;
  /** 32 bytes for one purpose. Neither the root key nor the bytes of another purpose can be computed from them. */
  derive(purpose: KeyPurpose): Buffer;
  /** Identifies the key without telling anything about it: 32 hexadecimal digits, which may be shown. */
  fingerprint(): string;
}

export interface RootKeyPlace {
  dataDir: string;
  /** `TILLKEEPER_KEY_FILE`; left out, `key` in the data folder. */
  keyFile?: string | undefined;
}

const keyBytes = 32;
const form = /^[\da-f]{64}$/i;

/** Absolute path of the root key's file. */
export function rootKeyFile({ dataDir, keyFile }: RootKeyPlace): string {
  return resolve(keyFile ?? join(dataDir, "key"));
}

/** Returns undefined when the file does not exist. Throws `StartupError` when it cannot be read or holds no key. */
export function readRootKey(file: string): RootKey | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    const { code = "it cannot be read" } = error as { code?: string };
    if (code === "ENOENT") return undefined;
    throw new StartupError(
      `The key file ${file} cannot be read (${code}): let the user of this server read it, or name another file in TILLKEEPER_KEY_FILE.`,
      { cause: error },
    );
  }
  if (form.test(text)) return rootKeyFrom(file, Buffer.from(text, "hex"));
  throw new StartupError(
    `The key file ${file} does not hold a key, which is 64 hexadecimal digits: restore it from its backup, or name another file in TILLKEEPER_KEY_FILE.`,
  );
}

/**
 * Creates a key in a file that only its owner may read, and reads it back. Two servers that do so at once get one key:
 * the file appears complete, and the second server finds it. Throws `StartupError` when the file cannot be written.
 */
export function createRootKey(file: string): RootKey {
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    makeFolder(dirname(file));
    try {
      writeDurably(draft, `${randomBytes(keyBytes).toString("hex")}\n`);
      linkSync(draft, file);
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    syncFolder(dirname(file));
  } catch (error) {
    const { code = "it cannot be written" } = error as { code?: string };
    throw new StartupError(
      `The key file ${file} cannot be made (${code}): let the user of this server write there, or name another file in TILLKEEPER_KEY_FILE.`,
      { cause: error },
    );
  }
  const key = readRootKey(file);
  if (key === undefined)
    throw new StartupError(`The key file ${file} was removed while this server started: start it again.`);
  return key;
}

function rootKeyFrom(file: string, secret: Buffer): RootKey {
  const derive = (purpose: KeyPurpose) => Buffer.from(hkdfSync("sha256", secret, "", purposes[purpose], keyBytes));
  return { file, derive, fingerprint: () => derive("fingerprint").toString("hex", 0, 16) };
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
