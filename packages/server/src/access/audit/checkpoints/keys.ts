import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { RootKey } from "../../../platform/folders/root-key.ts";

/** Signs checkpoints. The public half only verifies them. */
export interface CheckpointKey {
  publicKey: KeyObject;
  sign(digest: string): string;
}

/** The bytes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Derives the key that signs checkpoints. Equal root keys give equal keys. */
export function checkpointKey(rootKey: Pick<RootKey, "derive">): CheckpointKey {
  const der = Buffer.concat([pkcs8Prefix, rootKey.derive("auditCheckpoints")]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    publicKey: createPublicKey(privateKey),
    sign: (digest) => sign(null, signedText(digest), privateKey).toString("base64url"),
  };
}

/** The JWK thumbprint (RFC 7638): checkpoints name their key by it. */
export function keyIdOf(publicKey: KeyObject): string {
  const { crv, kty, x } = publicKey.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/** Whether the signature over this digest was made with the private half of the key. */
export function isSignedWith(publicKey: KeyObject, digest: string, signature: string): boolean {
  return verify(null, signedText(digest), publicKey, Buffer.from(signature, "base64url"));
}

/** The signed text names its purpose, so that a signature for another purpose cannot be used here. */
function signedText(digest: string): Buffer {
  return Buffer.from(`tillkeeper audit checkpoint 1 ${digest}`);
}
