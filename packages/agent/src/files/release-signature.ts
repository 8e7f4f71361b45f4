import { createHash, createPublicKey, verify } from "node:crypto";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { releaseText, type SignedRelease } from "@tillkeeper/contract/releases";
import { UpdateFailure } from "./update-failure.ts";

/**
 * Returns the JWK thumbprint of a key (RFC 7638): SHA-256 over its required members, in this order and without blanks.
 */
export function keyIdOf({ kty, crv, x }: ReleasePublicKey): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/**
 * Verifies that one of the trusted keys has signed exactly this release. The server alone is not trusted: an attacker
 * who controls it must not be able to install software on terminals. Throws `UpdateFailure` with `unknown_release_key`
 * or `bad_signature`.
 */
export function verifyRelease(
  release: SignedRelease & { key_id: string; signature: string },
  trusted: readonly ReleasePublicKey[],
): void {
  const key = trusted.find((candidate) => keyIdOf(candidate) === release.key_id);
  if (!key)
    throw new UpdateFailure("unknown_release_key", `The key ${release.key_id} is none that this terminal trusts`);
  const fault = publicKeyProblem(key);
  if (fault !== undefined) throw new UpdateFailure("bad_signature", `The key ${release.key_id} ${fault}`);
  const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
  const signature = Buffer.from(release.signature, "base64url");
  if (verify(null, Buffer.from(releaseText(release)), publicKey, signature)) return;
  throw new UpdateFailure("bad_signature", `The release ${release.version} is not signed by the key that it names`);
}
