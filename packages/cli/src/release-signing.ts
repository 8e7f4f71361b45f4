import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { keyIdOf } from "@tillkeeper/agent/files/release-signature";
import type { ReleaseCreate, ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { limits } from "@tillkeeper/contract/limits";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { releaseText } from "@tillkeeper/contract/releases";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** The public part of a release key, as the server and terminals know it. */
export interface PublicHalf {
  key_id: string;
  public_key: ReleasePublicKey;
}

/** Makes a key pair and writes it into a new file, readable by this user only. Throws `StartupError` if the file exists. */
export function writeNewKey(path: string): PublicHalf {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  try {
    writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw cannot("written", path, error);
  }
  return publicHalf(publicKey);
}

/** Reads the public half of a private or public key in a PEM file. Throws `StartupError` for a key that is not accepted. */
export function readPublicKey(path: string): PublicHalf {
  const half = publicHalf(keyFrom(path, createPublicKey));
  const fault = publicKeyProblem(half.public_key);
  if (fault !== undefined) throw new StartupError(`The key in ${path} ${fault}.`);
  return half;
}

/** Describes a release by its file, and signs the description. The private key does not leave this process. */
export async function signRelease(
  about: { device_model: string; version: string },
  { file, key }: { file: string; key: string },
): Promise<ReleaseCreate> {
  const privateKey = keyFrom(key, createPrivateKey);
  const { size, sha256 } = await measure(file);
  const release = { ...about, size, sha256 };
  const signature = sign(null, Buffer.from(releaseText(release)), privateKey).toString("base64url");
  return { ...release, signature, key_id: publicHalf(createPublicKey(privateKey)).key_id };
}

async function measure(file: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  try {
    if (statSync(file).size > limits.releaseFileBytes) throw new Error("it is larger than 512 MiB");
    for await (const chunk of createReadStream(file)) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    if (size === 0) throw new Error("it is empty");
  } catch (error) {
    throw cannot("sent", file, error);
  }
  return { size, sha256: hash.digest("hex") };
}

function keyFrom(path: string, parse: (text: string) => KeyObject): KeyObject {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw cannot("read", path, error);
  }
  try {
    const key = parse(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // The error is not passed on: its text may quote the key.
  }
  throw new StartupError(`${path} holds no Ed25519 key of the kind that is needed, as PEM.`);
}

function publicHalf(key: KeyObject): PublicHalf {
  const { x = "" } = key.export({ format: "jwk" });
  const public_key: ReleasePublicKey = { kty: "OKP", crv: "Ed25519", x };
  return { key_id: keyIdOf(public_key), public_key };
}

function cannot(done: string, path: string, error: unknown): StartupError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartupError(`${path} cannot be ${done}: ${why}.`, { cause: error });
}
