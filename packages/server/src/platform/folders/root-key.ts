import { hkdfSync, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StartupError } from "../startup-error.ts";

/**
 * Everything that is made from the root key, with the text that HKDF takes as `info`. A text never changes and is never used
 * twice: a purpose whose meaning changes gets a line of its own.
 */
const purposes = {
  /** What the database keeps to recognise the key. */
  fingerprint: "tillkeeper/fingerprint/1",
  /** Encrypts the private halves of the keys that sign tokens. */
  signingKeys: "tillkeeper/signing-keys/1",
  /** Signs checkpoints of the audit log. */
  auditCheckpoints: "tillkeeper/audit-checkpoints/1",
  /** Signs what commands carry of where they came from. */
  operationOrigins: "tillkeeper/operation-origins/1",
} as const;

export type KeyPurpose = keyof typeof purposes;

/** The secret of an installation that is not in its database. All other keys are derived from it. */
export interface RootKey {
  /** The file that it was read from. */
  readonly file: string;
  /** 32 bytes for one purpose: from them neither the root key nor the bytes of another purpose can be computed. */
  derive(purpose: KeyPurpose): Buffer;
  /** What may be told of the key: it recognises the key and says nothing about it. 32 hexadecimal digits. */
  fingerprint(): string;
}

export interface RootKeyPlace {
  dataDir: string;
  /** `TILLKEEPER_KEY_FILE`; left out, `key` in the data folder. */
  keyFile?: string | undefined;
}

const keyBytes = 32;
const form = /^[\da-f]{64}$/i;

export function rootKeyFile({ dataDir, keyFile }: RootKeyPlace): string {
  return resolve(keyFile ?? join(dataDir, "key"));
}

/** Answers undefined when there is no such file. Throws `StartupError` when the file cannot be read or holds something else. */
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
 * Makes a new key in a file that only its owner may read, and reads it back. Two servers that do so at once get equal
 * keys: the file appears whole, and the second server finds it there. Throws `StartupError` when it cannot be written.
 */
export function createRootKey(file: string): RootKey {
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
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
