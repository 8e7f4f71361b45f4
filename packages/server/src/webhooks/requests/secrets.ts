import { randomBytes } from "node:crypto";
import { CompactEncrypt, compactDecrypt } from "jose";
import type { RootKey } from "../../platform/folders/root-key.ts";

const method = { alg: "dir", enc: "A256GCM" } as const;

/** Encrypts a secret of a subscription for the database: a JWE that names its row. */
export function sealSecret(rootKey: RootKey, id: string, secret: unknown): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify(secret));
  return new CompactEncrypt(plain).setProtectedHeader({ ...method, kid: id }).encrypt(rootKey.derive("webhookSecrets"));
}

/** Throws when the secret was encrypted with another root key, changed, or moved to another row. */
export async function openSecret(rootKey: RootKey, id: string, encrypted: string): Promise<unknown> {
  const { plaintext, protectedHeader } = await compactDecrypt(encrypted, rootKey.derive("webhookSecrets"), {
    keyManagementAlgorithms: [method.alg],
    contentEncryptionAlgorithms: [method.enc],
  });
  if (protectedHeader["kid"] !== id) throw new Error(`the secret ${id} is that of another row`);
  return JSON.parse(new TextDecoder().decode(plaintext));
}

/** A new secret for `webhook-signature`, in the form that the libraries of Standard Webhooks take. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
