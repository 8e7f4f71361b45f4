import {
  type DeviceAlgorithm,
  type DeviceProofPurpose,
  deviceKeyForms,
  deviceProofAudience,
  deviceProofs,
} from "@tillkeeper/contract/pairing";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
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
import type { DeviceTokens, Nonce } from "../../access/auth/tokens/device-tokens.ts";
import { ApiError } from "../../platform/errors.ts";

/** A public key as it is stored: only the fields of its form. */
export interface DeviceKey {
  algorithm: DeviceAlgorithm;
  jwk: JWK;
}

type Header = CompactJWSHeaderParameters & { jwk?: unknown };

/** What the nonce and the audience of a proof are checked against. */
export interface ProofPlace {
  nonces: Pick<DeviceTokens, "readNonce">;
  /** Whether an origin is this server's. */
  isOwn: (origin: string) => boolean;
  /** The server's own URL, without a slash at the end; refusals name it. */
  ownUrl: () => string;
}

/** Verifies a proof that carries its key. Answers the key and the nonce; throws `invalid_proof`. */
export async function verifyPairingProof(
  place: ProofPlace,
  proof: string,
  expected: { subject: string; code: string },
): Promise<{ key: DeviceKey; nonce: Nonce }> {
  const { algorithm, header } = readHeader(proof, "pairing");
  const key = publicKeyOf(algorithm, header.jwk);
  const payload = await verifySignature(proof, key);
  const nonce = await checkPayload(place, payload, { purpose: "pairing", subject: expected.subject });
  if (payload["code"] !== expected.code) throw invalidProof("its `code` is not the code of the request");
  return { key, nonce };
}

interface Expected {
  purpose: Exclude<DeviceProofPurpose, "pairing">;
  subject: string;
  publicKey: JWK | undefined;
}

/**
 * Verifies a proof against the key that a device has paired with. Without a key, a dummy key is used for equal work: a
 * stranger must not learn whether the device is known. Throws `invalid_proof`.
 */
export async function verifyProof(place: ProofPlace, proof: string, expected: Expected): Promise<Nonce> {
  const { algorithm } = readHeader(proof, expected.purpose);
  const { publicKey } = expected;
  if (publicKey?.kty !== deviceKeyForms[algorithm].kty)
    return verifyWithDummyKey(place, proof, { algorithm, expected });
  const payload = await verifySignature(proof, { algorithm, jwk: publicKey });
  return checkPayload(place, payload, expected);
}

/** Does the work of a verification with a key that no device has. Always throws. */
async function verifyWithDummyKey(
  place: ProofPlace,
  proof: string,
  { algorithm, expected }: { algorithm: DeviceAlgorithm; expected: Expected },
): Promise<never> {
  const payload = await verifySignature(proof, { algorithm, jwk: await dummyKey(algorithm) });
  await checkPayload(place, payload, expected);
  throw invalidProof("its signature does not match");
}

/**
 * Whether this key signed the proof; its payload is not checked. Throws `invalid_proof` for anything that is not a
 * proof.
 */
export async function isSignedBy(proof: string, publicKey: JWK | null | undefined): Promise<boolean> {
  const { algorithm } = readHeader(proof, "renewal");
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

const dummyKeys = new Map<DeviceAlgorithm, Promise<JWK>>();

function dummyKey(algorithm: DeviceAlgorithm): Promise<JWK> {
  const known = dummyKeys.get(algorithm);
  if (known) return known;
  const { crv } = deviceKeyForms[algorithm];
  const made = generateKeyPair(algorithm, { crv, extractable: true }).then(({ publicKey }) => exportJWK(publicKey));
  dummyKeys.set(algorithm, made);
  return made;
}

function readHeader(proof: string, purpose: DeviceProofPurpose): { algorithm: DeviceAlgorithm; header: Header } {
  let header: Header;
  try {
    header = decodeProtectedHeader(proof) as Header;
  } catch (error) {
    if (error instanceof TypeError) throw invalidProof("is not a compact JWS");
    throw error;
  }
  const { type } = deviceProofs[purpose];
  if (header.typ !== type) throw invalidProof(`its \`typ\` is not ${type}`);
  const known = Object.keys(deviceKeyForms).find((algorithm) => algorithm === header.alg);
  if (known === undefined) throw invalidProof("its `alg` is not EdDSA or ES256");
  return { algorithm: known as DeviceAlgorithm, header };
}

/** Reads the public fields of the header's key. A private key is refused: it must never have left the device. */
function publicKeyOf(algorithm: DeviceAlgorithm, given: unknown): DeviceKey {
  if (typeof given !== "object" || given === null) throw invalidProof("its header has no `jwk`");
  const key = given as JWK;
  if ("d" in key || "k" in key) throw invalidProof("its `jwk` is not a public key");
  const { kty, crv } = deviceKeyForms[algorithm];
  if (key.kty !== kty || key.crv !== crv) throw invalidProof(`its \`jwk\` is not a key for ${algorithm}`);
  const fault = publicKeyProblem(key);
  if (fault !== undefined) throw invalidProof(`its \`jwk\` ${fault}`);
  const { x, y } = key as { x: string; y: string };
  return { algorithm, jwk: algorithm === "EdDSA" ? { kty, crv, x } : { kty, crv, x, y } };
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

/** The platform refuses points that are not on the curve, with a DOMException. */
function isFaultOfTheProof(error: unknown): boolean {
  if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError) return true;
  return error instanceof DOMException;
}

/** Checks the payload. It holds no time, so that a device with a wrong clock can prove its identity too. */
async function checkPayload(
  place: ProofPlace,
  { nonce: text, sub, aud }: Record<string, unknown>,
  { purpose, subject }: { purpose: DeviceProofPurpose; subject: string },
): Promise<Nonce> {
  if (!isMeant(place, aud, purpose)) {
    throw invalidProof(
      `its \`aud\` must be where the request goes: ${deviceProofAudience(place.ownUrl(), purpose)}; ` +
        "the server's operator names other hosts in TILLKEEPER_PUBLIC_URL or TILLKEEPER_AUDIENCE_HOSTS",
    );
  }
  if (sub !== subject) throw invalidProof("its `sub` is not who the request names");
  const nonce = typeof text === "string" ? await place.nonces.readNonce(text) : undefined;
  if (!nonce) throw invalidProof("its `nonce` is not valid, or not any more");
  return nonce;
}

/** Compared as RFC 9449 section 4.3 does for `htu`: normalized, and without query and fragment. */
function isMeant({ isOwn }: ProofPlace, aud: unknown, purpose: DeviceProofPurpose): boolean {
  const url = typeof aud === "string" ? URL.parse(aud) : null;
  if (!url || url.username !== "" || url.password !== "") return false;
  return url.pathname === deviceProofs[purpose].path && isOwn(url.origin);
}

export function invalidProof(message: string, cause?: unknown): ApiError {
  return new ApiError("invalid_proof", "The proof is not accepted; see `errors`.", {
    errors: [{ path: "/body/proof", message }],
    headers: { "www-authenticate": 'DeviceProof realm="tillkeeper devices"' },
    cause,
  });
}
