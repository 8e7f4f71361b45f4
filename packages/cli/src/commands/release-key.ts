import { withClient } from "../api-client.ts";
import type { ClientFlags } from "../client-flags.ts";
import { columns } from "../columns.ts";
import { readPublicKey, writeNewKey } from "../release-signing.ts";

/** Makes a key pair that signs releases. */
export function keygenAction({ out }: { out: string }): void {
  const { key_id, public_key } = writeNewKey(out);
  const facts = [
    ["Private key", out],
    ["Key id", key_id],
    ["Public key", JSON.stringify(public_key)],
  ];
  console.log([...columns(facts), "", "Terminals install what it signs once they trust the public key."].join("\n"));
}

export interface AddFlags extends ClientFlags {
  name: string;
  key: string;
}

/** Registers the public half of a key. */
export async function addAction({ name, key, ...flags }: AddFlags): Promise<void> {
  const { public_key } = readPublicKey(key);
  const added = await withClient(flags, (client) => client.releaseKeys.create({ name, public_key }));
  console.log(`The key ${added.key_id} is registered.`);
}

/** Prints all keys, revoked ones too. */
export async function listAction(flags: ClientFlags): Promise<void> {
  const { release_keys: keys } = await withClient(flags, (client) => client.releaseKeys.list());
  if (keys.length === 0) return console.log("There are no release keys.");
  console.log(columns(keys.map((key) => [key.key_id, key.revoked_at ? "revoked" : "live", key.name])).join("\n"));
}

/** Revokes a key for good. */
export async function revokeAction(keyId: string, flags: ClientFlags): Promise<void> {
  const key = await withClient(flags, (client) => client.releaseKeys.revoke(keyId));
  console.log(`The key ${key.key_id} is revoked.`);
}
