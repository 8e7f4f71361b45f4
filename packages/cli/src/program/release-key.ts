import { Command } from "commander";
import { type ClientFlags, withClientFlags } from "../client-flags.ts";
import type { AddFlags } from "../commands/release-key.ts";

const actions = () => import("../commands/release-key.ts");

/** `tillkeeper release keygen`: makes a key pair that signs releases. */
export function releaseKeygenCommand(): Command {
  return new Command("keygen")
    .description("make a key that signs releases; keep it off the server")
    .requiredOption("--out <file>", "where to write the private key; must not be there yet")
    .action(async (options: { out: string }) => (await actions()).keygenAction(options));
}

/** `tillkeeper release key`: manages the public keys on the server. */
export function releaseKeyCommand(): Command {
  const add = withClientFlags(new Command("add"))
    .description("register the public half of a key")
    .requiredOption("--name <name>", "what people call it")
    .requiredOption("--key <file>", "the key, private or public; only the public half is sent")
    .action(async (flags: AddFlags) => (await actions()).addAction(flags));
  const list = withClientFlags(new Command("list"))
    .description("list all keys, revoked ones too")
    .action(async (flags: ClientFlags) => (await actions()).listAction(flags));
  const revoke = withClientFlags(new Command("revoke"))
    .description("revoke a key for good: what it signed is not offered any more")
    .argument("<key-id>", "the key's id")
    .action(async (keyId: string, flags: ClientFlags) => (await actions()).revokeAction(keyId, flags));
  return new Command("key").description("manage release keys").addCommand(add).addCommand(list).addCommand(revoke);
}
