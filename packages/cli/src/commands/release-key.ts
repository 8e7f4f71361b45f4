import { Command } from "commander";
import { type ClientFlags, withClient, withClientFlags } from "../api-client.ts";
import { columns } from "../columns.ts";
import { readPublicKey, writeNewKey } from "../release-signing.ts";

/** `tillkeeper release keygen`: a key pair for who makes releases. */
export function releaseKeygenCommand(): Command {
  return new Command("keygen")
    .description("make a key that signs releases; keep it off the server")
    .requiredOption("--out <file>", "where to write the private key; must not be there yet")
    .action(({ out }: { out: string }) => {
      const { key_id, public_key } = writeNewKey(out);
      const facts = [
        ["Private key", out],
        ["Key id", key_id],
        ["Public key", JSON.stringify(public_key)],
      ];
      console.log(
        [...columns(facts), "", "Terminals install what it signs once they trust the public key."].join("\n"),
      );
    });
}

interface AddFlags extends ClientFlags {
  name: string;
  key: string;
}

/** `tillkeeper release key`: the public keys that the server knows. */
export function releaseKeyCommand(): Command {
  const add = withClientFlags(new Command("add"))
    .description("register the public half of a key")
    .requiredOption("--name <name>", "what people call it")
    .requiredOption("--key <file>", "the key, private or public; only the public half is sent")
    .action(async ({ name, key, ...flags }: AddFlags) => {
      const { public_key } = readPublicKey(key);
      const added = await withClient(flags, (client) => client.releaseKeys.create({ name, public_key }));
      console.log(`The key ${added.key_id} is registered.`);
    });
  const list = withClientFlags(new Command("list"))
    .description("list all keys, revoked ones too")
    .action(async (flags: ClientFlags) => {
      const { release_keys: keys } = await withClient(flags, (client) => client.releaseKeys.list());
      if (keys.length === 0) return console.log("There are no release keys.");
      console.log(columns(keys.map((key) => [key.key_id, key.revoked_at ? "revoked" : "live", key.name])).join("\n"));
    });
  const revoke = withClientFlags(new Command("revoke"))
    .description("revoke a key for good: what it signed is not offered any more")
    .argument("<key-id>", "the key's id")
    .action(async (keyId: string, flags: ClientFlags) => {
      const key = await withClient(flags, (client) => client.releaseKeys.revoke(keyId));
      console.log(`The key ${key.key_id} is revoked.`);
    });
  return new Command("key").description("manage release keys").addCommand(add).addCommand(list).addCommand(revoke);
}
