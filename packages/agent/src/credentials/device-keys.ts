import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type DeviceAlgorithm, deviceKeyForms } from "@tillkeeper/contract/pairing";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { replaceFile } from "../memory/durable-file.ts";

/** The key pair of a device, by which a server that has paired with the device knows it. */
export interface DeviceKeys {
  algorithm: DeviceAlgorithm;
  /** The public key as a JWK, without the private part. */
  publicKey: object;
  /** Signs a payload: returns a compact JWS. `alg` is put into the header. */
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
 * Opens the keys that are kept in a file. Without a file, makes keys and stores them durably, readable by the file's
 * owner alone. Rejects for a file that cannot be read as keys: with new keys the server would not know the device.
 */
export async function openDeviceKeys(path: string, algorithm: DeviceAlgorithm = "EdDSA"): Promise<DeviceKeys> {
  const stored = await load(path);
  if (stored) return stored;
  const privateKey = generate(algorithm);
  const text = JSON.stringify({ version: formatVersion, algorithm, private_key: privateKey.export({ format: "jwk" }) });
  await replaceFile(path, `${text}\n`);
  return keysOf(algorithm, privateKey);
}

/** Makes keys that are stored nowhere. */
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
      // JWS wants the two numbers of an ECDSA signature concatenated (RFC 7518, section 3.4).
      const signature = sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}
