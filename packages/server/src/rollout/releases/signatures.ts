import { createHash, createPublicKey, verify } from "node:crypto";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { releaseText, type SignedRelease } from "@tillkeeper/contract/releases";

/** RFC 7638: SHA-256 over the members that make the key, in this order and without blanks. */
export function thumbprint({ kty, crv, x }: ReleasePublicKey): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/**
 * Whether a release is signed by this key. False for a weak key, which may have been registered before weak keys were
 * refused.
 */
export function isSignedBy(key: ReleasePublicKey, release: SignedRelease, signature: string): boolean {
  if (publicKeyProblem(key) !== undefined) return false;
  const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
  return verify(null, Buffer.from(releaseText(release)), publicKey, Buffer.from(signature, "base64url"));
}
