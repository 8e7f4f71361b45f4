import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { HookSecret } from "@tillkeeper/contract/http/hook-schemas";
import type { RootKey } from "../../platform/folders/root-key.ts";
import { seal, unseal } from "../../platform/sealing.ts";
import type { Secrets } from "./signatures.ts";

/** Encrypts a secret of a subscription for the database. */
export function sealSecret(rootKey: RootKey, id: string, secret: unknown): Promise<string> {
  return seal(rootKey.derive("webhookSecrets"), id, secret);
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
  const secret = (await unseal(key, id, encrypted)) as string | HookSecret;
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
