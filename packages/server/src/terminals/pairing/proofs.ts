import {
  type DeviceAlgorithm,
  deviceKeyForms,
  deviceProofAudience,
  deviceProofType,
} from "@tillkeeper/contract/pairing";
import {
  type CompactJWSHeaderParameters,
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from "jose";
import type { DeviceTokens } from "../../auth/device-tokens.ts";
import { ApiError } from "../../platform/errors.ts";

/** A public key as it is kept: the form, and nothing that came along. */
export interface DeviceKey {
  algorithm: DeviceAlgorithm;
  jwk: JWK;
}

type Header = CompactJWSHeaderParameters & { jwk?: unknown };
type Nonces = Pick<DeviceTokens, "isNonce">;

/** Verifies a proof that brings its key along. Answers the key; throws `invalid_proof`. */
export async function verifyPairingProof(
  nonces: Nonces,
  proof: string,
  expected: { subject: string; code: string },
): Promise<DeviceKey> {
  const { algorithm, header } = readHeader(proof);
  const key = publicKeyOf(algorithm, header.jwk);
  const payload = await verifySignature(proof, key);
  await checkPayload(nonces, payload, expected.subject);
  if (payload["code"] !== expected.code) throw invalidProof("its `code` is not the code of the request");
  return key;
}

/**
 * Verifies a proof against the key that a terminal is paired with. Without one the same is done with a key that nobody
 * has: a stranger does not learn whether the terminal is there. Throws `invalid_proof`.
 */
export async function verifyRenewalProof(
  nonces: Nonces,
  proof: string,
  expected: { subject: string; publicKey: JWK | undefined },
): Promise<void> {
  const { algorithm } = readHeader(proof);
  const stored = expected.publicKey;
  const fits = stored?.kty === deviceKeyForms[algorithm].kty;
  const jwk = stored && fits ? stored : await nobodysKey(algorithm);
  await checkPayload(nonces, await verifySignature(proof, { algorithm, jwk }), expected.subject);
}

/** Whether this key signed the proof; nothing else of it is looked at. Throws `invalid_proof` for what is no proof at all. */
export async function isSignedBy(proof: string, publicKey: JWK | null | undefined): Promise<boolean> {
  const { algorithm } = readHeader(proof);
  if (publicKey?.kty !== deviceKeyForms[algorithm].kty) return false;
  try {
    await verifySignature(proof, { algorithm, jwk: publicKey });
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

export function thumbprintOf({ jwk }: DeviceKey): Promise<string> {
  return calculateJwkThumbprint(jwk, "sha256");
}

const nobodysKeys = new Map<DeviceAlgorithm, Promise<JWK>>();

function nobodysKey(algorithm: DeviceAlgorithm): Promise<JWK> {
  const known = nobodysKeys.get(algorithm);
  if (known) return known;
  const { crv } = deviceKeyForms[algorithm];
  const made = generateKeyPair(algorithm, { crv, extractable: true }).then(({ publicKey }) => exportJWK(publicKey));
  nobodysKeys.set(algorithm, made);
  return made;
}

function readHeader(proof: string): { algorithm: DeviceAlgorithm; header: Header } {
  let header: Header;
  try {
    header = decodeProtectedHeader(proof) as Header;
  } catch (error) {
    if (error instanceof TypeError) throw invalidProof("is not a compact JWS");
    throw error;
  }
  if (header.typ !== deviceProofType) throw invalidProof(`its \`typ\` is not ${deviceProofType}`);
  const known = Object.keys(deviceKeyForms).find((algorithm) => algorithm === header.alg);
  if (known === undefined) throw invalidProof("its `alg` is not EdDSA or ES256");
  return { algorithm: known as DeviceAlgorithm, header };
}

const coordinate = /^[\w-]{43}$/;

/** Takes from the header's key what belongs to a public one; a private key must never have left the device. */
function publicKeyOf(algorithm: DeviceAlgorithm, given: unknown): DeviceKey {
  if (typeof given !== "object" || given === null) throw invalidProof("its header has no `jwk`");
  const key = given as Record<string, unknown>;
  if ("d" in key || "k" in key) throw invalidProof("its `jwk` is not a public key");
  const { kty, crv } = deviceKeyForms[algorithm];
  const { x, y } = key;
  const fits = key["kty"] === kty && key["crv"] === crv && typeof x === "string" && coordinate.test(x);
  if (!fits) throw invalidProof(`its \`jwk\` is not a key for ${algorithm}`);
  if (algorithm === "EdDSA") {
    if (isWeak(x)) throw invalidProof("its `jwk` is a weak key");
    return { algorithm, jwk: { kty, crv, x } };
  }
  if (typeof y !== "string" || !coordinate.test(y)) throw invalidProof(`its \`jwk\` is not a key for ${algorithm}`);
  return { algorithm, jwk: { kty, crv, x, y } };
}

/** The y coordinates, from their low bytes on, of points whose order is so small that a signature by them proves nothing. */
const weakPoints = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isWeak(x: string): boolean {
  const bytes = Buffer.from(x, "base64url");
  // The highest bit is the sign of the other coordinate.
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  return weakPoints.has(bytes.toString("hex"));
}

async function verifySignature(proof: string, { algorithm, jwk }: DeviceKey): Promise<Record<string, unknown>> {
  try {
    const { payload } = await compactVerify(proof, await importJWK(jwk, algorithm), { algorithms: [algorithm] });
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch (error) {
    if (!isFaultOfTheProof(error)) throw error;
    throw invalidProof("its signature does not match", error);
  }
  throw invalidProof("its payload is not a JSON object");
}

/** Keys that are no points of their curve are refused by the platform, as a DOMException. */
function isFaultOfTheProof(error: unknown): boolean {
  if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError) return true;
  return error instanceof DOMException;
}

/** Nothing in it is a time: a device whose clock is wrong can prove who it is, too. */
async function checkPayload(nonces: Nonces, payload: Record<string, unknown>, subject: string): Promise<void> {
  const { nonce, sub, aud } = payload;
  if (aud !== deviceProofAudience) throw invalidProof(`its \`aud\` is not ${deviceProofAudience}`);
  if (sub !== subject) throw invalidProof("its `sub` is not who the request names");
  if (typeof nonce !== "string" || !(await nonces.isNonce(nonce)))
    throw invalidProof("its `nonce` is not valid, or not any more");
}

export function invalidProof(message: string, cause?: unknown): ApiError {
  return new ApiError("invalid_proof", "The proof is not accepted; see `errors`.", {
    errors: [{ path: "/body/proof", message }],
    headers: { "www-authenticate": 'DeviceProof realm="tillkeeper devices"' },
    cause,
  });
}
