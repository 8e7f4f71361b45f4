import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type DeviceAlgorithm, deviceKeyForms } from "@tillkeeper/contract/pairing";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { replaceFile } from "../memory/durable-file.ts";

/** The key pair of a device: what it is, for a server that has paired with it. */
export interface DeviceKeys {
  algorithm: DeviceAlgorithm;
  /** A JWK of the public key alone. */
  publicKey: object;
  /** A compact JWS of the payload; `alg` is put into the header. */
  sign(header: object, payload: object): string;
}

const formatVersion = 1;
const Stored = Type.Object({
  version: Type.Literal(formatVersion),
  algorithm: Type.Enum(Object.keys(deviceKeyForms) as DeviceAlgorithm[]),
  private_key: Type.Object(
    { kty: Type.String(), crv: Type.String(), d: Type.String() },
    { additionalProperties: true },
  ),
});
const Format = Compile(Stored);

/**
 * The keys that are kept in a file; made, and durably stored for its owner alone, when there is none yet. Throws when the
 * file is there but cannot be understood: with new keys the device would be another one.
 */
export async function openDeviceKeys(path: string, algorithm: DeviceAlgorithm = "EdDSA"): Promise<DeviceKeys> {
  const stored = await load(path);
  if (stored) return stored;
  const privateKey = generate(algorithm);
  const text = JSON.stringify({ version: formatVersion, algorithm, private_key: privateKey.export({ format: "jwk" }) });
  await replaceFile(path, `${text}\n`);
  return keysOf(algorithm, privateKey);
}

/** Keys that nothing remembers. */
export function makeDeviceKeys(algorithm: DeviceAlgorithm = "EdDSA"): DeviceKeys {
  return keysOf(algorithm, generate(algorithm));
}

function generate(algorithm: DeviceAlgorithm): KeyObject {
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519").privateKey;
  return generateKeyPairSync("ec", { namedCurve: deviceKeyForms.ES256.crv }).privateKey;
}

async function load(path: string): Promise<DeviceKeys | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const stored: Static<typeof Stored> = Format.Parse(JSON.parse(text));
    const { kty, crv } = deviceKeyForms[stored.algorithm];
    if (stored.private_key.kty !== kty || stored.private_key.crv !== crv) throw new Error("a key of another algorithm");
    return keysOf(stored.algorithm, createPrivateKey({ format: "jwk", key: stored.private_key }));
  } catch (cause) {
    throw new Error(`The keys in ${path} are damaged; move them away and pair the device again`, { cause });
  }
}

function keysOf(algorithm: DeviceAlgorithm, privateKey: KeyObject): DeviceKeys {
  return {
    algorithm,
    publicKey: createPublicKey(privateKey).export({ format: "jwk" }),
    sign(header, payload) {
      const input = [{ ...header, alg: algorithm }, payload]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      const digest = algorithm === "EdDSA" ? null : "sha256";
      // The two numbers of an ECDSA signature one after the other, as JWS wants them.
      const signature = sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}
