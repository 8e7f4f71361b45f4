import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { HookSecret } from "@tillkeeper/contract/http/hook-schemas";
import { CompactEncrypt, compactDecrypt } from "jose";
import type { RootKey } from "../../platform/folders/root-key.ts";
import type { Secrets } from "./signatures.ts";

const method = { alg: "dir", enc: "A256GCM" } as const;

/** Encrypts a secret of a subscription for the database: a JWE that names its row. */
export function sealSecret(rootKey: RootKey, id: string, secret: unknown): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify(secret));
  return new CompactEncrypt(plain).setProtectedHeader({ ...method, kid: id }).encrypt(rootKey.derive("webhookSecrets"));
}

/** A secret as its row holds it. */
export interface SealedSecret {
  id: string;
  purpose: "signing" | "config";
  encrypted: string;
}

/** How many secrets are kept open: opening one costs as much as the rest of a request. */
const keptOpen = 1_000;

/** Opens secrets, and keeps the last ones: a secret that is replaced has another text. */
export function createSecretOpener(rootKey: RootKey): (sealed: readonly SealedSecret[]) => Promise<Secrets> {
  const key = rootKey.derive("webhookSecrets");
  const kept = new Map<string, Promise<KeyObject | HookSecret>>();
  const open = (sealed: SealedSecret) => {
    const name = `${sealed.id} ${sealed.encrypted}`;
    const known = kept.get(name);
    if (known) return known;
    const opening = openSecret(key, sealed);
    opening.catch(() => kept.delete(name));
    kept.set(name, opening);
    for (const oldest of kept.keys()) {
      if (kept.size <= keptOpen) break;
      kept.delete(oldest);
    }
    return opening;
  };
  return async (sealed) => {
    const opened = await Promise.all(sealed.map(open));
    const of = (purpose: string) => opened.filter((_secret, index) => sealed[index]?.purpose === purpose);
    return { signing: of("signing") as KeyObject[], config: of("config") as HookSecret[] };
  };
}

/** Throws when the secret was encrypted with another root key, changed, or moved to another row. */
async function openSecret(key: Uint8Array, { id, purpose, encrypted }: SealedSecret): Promise<KeyObject | HookSecret> {
  const { plaintext, protectedHeader } = await compactDecrypt(encrypted, key, {
    keyManagementAlgorithms: [method.alg],
    contentEncryptionAlgorithms: [method.enc],
  });
  if (protectedHeader["kid"] !== id) throw new Error(`the secret ${id} is that of another row`);
  const secret = JSON.parse(new TextDecoder().decode(plaintext)) as string | HookSecret;
  return purpose === "signing" ? signingKey(secret as string) : (secret as HookSecret);
}

/** A new secret for `webhook-signature`, in the form that the libraries of Standard Webhooks take. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** The key of a signing secret. Making it from its text costs more than a signature. */
function signingKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
}
