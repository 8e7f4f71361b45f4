import { createHash } from "node:crypto";
import { createAccount, createOperator, fromSeed, type KeyPair } from "@nats-io/nkeys";

/** What this server signs with: users of terminals, and the list of those that are revoked. */
export interface NatsKeys {
  operator: KeyPair;
  account: KeyPair;
  system: KeyPair;
}

/** As kept in the keys file. */
interface Seeds {
  operator_seed: string;
  account_seed: string;
  system_account_seed: string;
}

const prefixes = { operator_seed: "SO", account_seed: "SA", system_account_seed: "SA" } as const;

/** Reads the keys file that `tillkeeper broker nats-setup` wrote. Throws with the place that is wrong, never its value. */
export function readNatsKeys(text: string): NatsKeys {
  let seeds: Partial<Seeds> | null;
  try {
    seeds = JSON.parse(text) as Partial<Seeds> | null;
  } catch {
    throw new Error("is not JSON");
  }
  const pair = (name: keyof Seeds): KeyPair => {
    const seed: unknown = seeds?.[name];
    try {
      if (typeof seed === "string" && seed.startsWith(prefixes[name])) return fromSeed(Buffer.from(seed));
    } catch {
      // Said below.
    }
    throw new Error(`${name} is not a seed that begins with ${prefixes[name]}`);
  };
  return { operator: pair("operator_seed"), account: pair("account_seed"), system: pair("system_account_seed") };
}

export function newNatsKeys(): { keys: NatsKeys; file: string } {
  const keys = { operator: createOperator(), account: createAccount(), system: createAccount() };
  const seed = (pair: KeyPair) => Buffer.from(pair.getSeed()).toString();
  const seeds: Seeds = {
    operator_seed: seed(keys.operator),
    account_seed: seed(keys.account),
    system_account_seed: seed(keys.system),
  };
  return { keys, file: `${JSON.stringify(seeds, undefined, 2)}\n` };
}

interface Claims {
  subject: string;
  name: string;
  type: "operator" | "account" | "user";
  /** Of a user: the count of its replacements; the account's list of revocations is held against it. */
  issuedAt?: number;
  expiresAt?: Date | undefined;
  nats: Record<string, unknown>;
}

/** A JWT as nats-server reads it: Ed25519 by an nkey, and a digest of the claims as its id. */
export function sign(by: KeyPair, { subject, name, type, issuedAt, expiresAt, nats }: Claims): string {
  const claims = {
    iss: by.getPublicKey(),
    sub: subject,
    name,
    iat: issuedAt ?? Math.floor(Date.now() / 1000),
    ...(expiresAt && { exp: Math.ceil(expiresAt.getTime() / 1000) }),
    nats: { ...nats, type, version: 2 },
  };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("base64url");
  const text = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode({ jti, ...claims })}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString("base64url")}`;
}

const noLimits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };

/** An account as new. `more` is what the account is allowed beside sending and receiving. */
export function accountJwt(operator: KeyPair, subject: string, name: string, more: object = {}): string {
  return sign(operator, { subject, name, type: "account", nats: { limits: { ...noLimits, ...more } } });
}

/** The claims of a JWT that came from the broker we trust. */
export function claimsOf(jwt: string): { name: string; sub: string; nats: Record<string, unknown> } {
  return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const userPrefix = 20 << 3;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * The name under which a terminal's users are revoked. It has the form of a public key; nobody holds a private one,
 * because terminals show the JWT alone.
 */
export function userKeyOf(account: KeyPair, terminalId: string): string {
  const body = createHash("sha256").update(`${account.getPublicKey()}\n${terminalId}`).digest();
  const bytes = Buffer.concat([Buffer.from([userPrefix]), body]);
  const sum = crc16(bytes);
  return base32(Buffer.concat([bytes, Buffer.from([sum & 0xff, sum >> 8])]));
}

/** CRC-16/XMODEM, the checksum of nkeys. */
function crc16(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) sum = ((sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1) & 0xffff) >>> 0;
  }
  return sum;
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => letters[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}
