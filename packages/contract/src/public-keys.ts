/** A public key as JWK, as it came from outside; none of its fields is checked yet. */
export interface ForeignKey {
  kty?: unknown;
  crv?: unknown;
  x?: unknown;
  y?: unknown;
}

const coordinate = /^[\w-]{43}$/;
/** The prime of Curve25519 (RFC 7748 section 4.1). */
const prime = 2n ** 255n - 19n;

/**
 * The y coordinates of the eight points of small order on Ed25519. With such a key a signature proves nothing: a constant
 * passes as the signature of almost any message. libsodium's `ge25519_has_small_order` blocks these points
 * (crypto_core/ed25519/ref10/ed25519_ref10.c). The two unreduced forms in its list fall under the rule on canonical keys.
 */
const smallOrder = new Set([
  0n,
  1n,
  prime - 1n,
  fromLittleEndian(bytesOf("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU")),
  fromLittleEndian(bytesOf("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o")),
]);

/**
 * Why a public key from outside is refused; `undefined` for a good key. Every place that imports such a key calls this
 * first: pairing, release keys, and the keys that a terminal trusts. Whether the point lies on its curve is not checked
 * here: the platform's import and the signature show it.
 */
export function publicKeyProblem({ kty, crv, x, y }: ForeignKey): string | undefined {
  if (kty === "OKP" && crv === "Ed25519") return faultOfCoordinate("x", x) ?? faultOfEd25519(x as string);
  if (kty === "EC" && crv === "P-256") return faultOfCoordinate("x", x) ?? faultOfCoordinate("y", y);
  return "must be an Ed25519 or P-256 key as JWK";
}

function faultOfCoordinate(name: string, value: unknown): string | undefined {
  if (typeof value !== "string" || !coordinate.test(value)) return `must have 32 bytes in base64url as ${name}`;
  // The last character has two bits beyond the 32 bytes. They must be 0, or one key could be written in several ways.
  return "AEIMQUYcgkosw048".includes(value.at(-1) ?? "") ? undefined : `must write ${name} in canonical base64url`;
}

function faultOfEd25519(x: string): string | undefined {
  const bytes = bytesOf(x);
  // The highest bit is the sign of the other coordinate (RFC 8032 section 5.1.2).
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  const value = fromLittleEndian(bytes);
  if (smallOrder.has(value % prime)) return "is a weak key: its point has a small order";
  return value < prime ? undefined : "is not the canonical form of its point";
}

function bytesOf(base64url: string): Uint8Array {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
