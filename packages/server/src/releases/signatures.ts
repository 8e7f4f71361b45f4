import { createHash, createPublicKey, verify } from "node:crypto";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { releaseText, type SignedRelease } from "@tillkeeper/contract/releases";

/** RFC 7638: SHA-256 over the members that make the key, in this order and without blanks. */
export function thumbprint({ kty, crv, x }: ReleasePublicKey): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/** Whether the 43 characters are the one way to write these 32 bytes: a key must not have two ids. */
export function isCanonical({ x }: ReleasePublicKey): boolean {
  return Buffer.from(x, "base64url").toString("base64url") === x;
}

/** Whether a release is signed by this key. */
export function isSignedBy(key: ReleasePublicKey, release: SignedRelease, signature: string): boolean {
  const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
  return verify(null, Buffer.from(releaseText(release)), publicKey, Buffer.from(signature, "base64url"));
}
