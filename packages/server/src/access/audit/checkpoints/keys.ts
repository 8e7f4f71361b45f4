import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { RootKey } from "../../../platform/folders/root-key.ts";

/** Signs checkpoints. With the public half they can be checked, and nothing more. */
export interface CheckpointKey {
  publicKey: KeyObject;
  sign(digest: string): string;
}

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Equal root keys make equal keys. */
export function checkpointKey(rootKey: Pick<RootKey, "derive">): CheckpointKey {
  const der = Buffer.concat([pkcs8Prefix, rootKey.derive("auditCheckpoints")]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    publicKey: createPublicKey(privateKey),
    sign: (digest) => sign(null, signedText(digest), privateKey).toString("base64url"),
  };
}

/** RFC 7638: the id by which a checkpoint names its key. */
export function keyIdOf(publicKey: KeyObject): string {
  const { crv, kty, x } = publicKey.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/** Whether the signature over this digest was made with the private half of the key. */
export function isSignedWith(publicKey: KeyObject, digest: string, signature: string): boolean {
  return verify(null, signedText(digest), publicKey, Buffer.from(signature, "base64url"));
}

/** Names what is signed, so that no signature for another purpose could stand in. */
function signedText(digest: string): Buffer {
  return Buffer.from(`tillkeeper audit checkpoint 1 ${digest}`);
}
