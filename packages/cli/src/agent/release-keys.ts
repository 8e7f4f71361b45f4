import { readFileSync } from "node:fs";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/**
 * Reads the keys whose releases a device installs. The file holds a JWK set (RFC 7517), an array of public keys as JWK or as
 * `{key_id, public_key}`, or the answer of `GET …/release-keys`. The keys are pinned: the server cannot add one later.
 * Throws `StartupError`.
 */
export function readReleaseKeys(path: string): ReleasePublicKey[] {
  const parsed = read(path);
  const list = isObject(parsed) ? (parsed["keys"] ?? parsed["release_keys"]) : parsed;
  if (!Array.isArray(list)) throw new StartupError(`${path} holds no list of public keys.`);
  return list
    .filter((entry) => !isObject(entry) || entry["revoked_at"] === undefined)
    .map((entry, index) => {
      const key = publicKeyOf(isObject(entry) && "public_key" in entry ? entry["public_key"] : entry);
      if (!key) throw new StartupError(`${path}: number ${index + 1} is no Ed25519 public key as JWK.`);
      const fault = publicKeyProblem(key);
      if (fault !== undefined) {
        throw new StartupError(`${path}: number ${index + 1} is no Ed25519 public key to trust: it ${fault}.`);
      }
      return key;
    });
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupError(`${path} cannot be read: ${why}.`, { cause: error });
  }
}

function publicKeyOf(value: unknown): ReleasePublicKey | undefined {
  if (!isObject(value)) return undefined;
  const { kty, crv, x } = value;
  if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string") return undefined;
  return { kty, crv, x };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
