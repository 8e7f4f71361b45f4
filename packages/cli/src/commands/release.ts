import { openAsBlob } from "node:fs";
import type { Release, ReleaseCreate } from "@tillkeeper/contract/http/releases";
import { type Client, TillkeeperError } from "@tillkeeper/sdk";
import { Command } from "commander";
import { type ClientFlags, withClient, withClientFlags } from "../api-client.ts";
import { columns } from "../columns.ts";
import { signRelease } from "../release-signing.ts";
import { releaseKeyCommand, releaseKeygenCommand } from "./release-key.ts";

interface AddFlags extends ClientFlags {
  model: string;
  version: string;
  file: string;
  key: string;
  notes?: string;
}

/** `tillkeeper release`: software for terminals, signed here and sent to the server. */
export function releaseCommand(): Command {
  const command = new Command("release").description("manage the software of terminals");
  for (const sub of [releaseKeygenCommand(), releaseKeyCommand(), addCommand(), listCommand(), withdrawCommand()]) {
    command.addCommand(sub);
  }
  return command;
}

function addCommand(): Command {
  return withClientFlags(new Command("add"))
    .description("sign a release and send it; from then on terminals of its model are offered it")
    .requiredOption("--model <model>", "the model it is for")
    .requiredOption("--version <version>", "its version")
    .requiredOption("--file <file>", "the file that terminals get")
    .requiredOption("--key <file>", "the private key that signs it; it stays here")
    .option("--notes <text>", "what is new, for people")
    .action(add);
}

async function add({ model, version, file, key, notes, ...flags }: AddFlags): Promise<void> {
  const signed = await signRelease({ device_model: model, version }, { file, key });
  const described = { ...signed, ...(notes !== undefined && { notes }) };
  const release = await withClient(flags, async (client) => {
    const { id } = await createOrFind(client, described);
    return client.releases.putFile(id, await openAsBlob(file));
  });
  console.log(`Release ${release.version} for ${release.device_model} is available: ${release.id}`);
}

/** A draft that an earlier attempt has left is gone on with. */
async function createOrFind({ releases }: Client, described: ReleaseCreate): Promise<Release> {
  try {
    return await releases.create(described);
  } catch (error) {
    if (!(error instanceof TillkeeperError && error.code === "release_exists")) throw error;
    const { device_model, version, sha256 } = described;
    const drafts = await releases.list({ device_model, status: "draft", limit: 100 });
    const left = drafts.releases.find((draft) => draft.version === version && draft.sha256 === sha256);
    if (!left) throw error;
    return left;
  }
}

interface ListFlags extends ClientFlags {
  model?: string;
}

function listCommand(): Command {
  return withClientFlags(new Command("list"))
    .description("list the latest releases")
    .option("--model <model>", "only those for this model")
    .action(async ({ model, ...flags }: ListFlags) => {
      const query = { limit: 100, ...(model !== undefined && { device_model: model }) };
      const { releases } = await withClient(flags, (client) => client.releases.list(query));
      if (releases.length === 0) return console.log("There are no releases.");
      console.log(columns(releases.map(lineOf)).join("\n"));
    });
}

function lineOf({ id, device_model, version, status, offered, size }: Release): string[] {
  const shown = status === "available" && !offered ? "key revoked" : status;
  return [id, device_model, version, shown, `${size} bytes`];
}

function withdrawCommand(): Command {
  return withClientFlags(new Command("withdraw"))
    .description("take a release back: terminals are not offered it any more")
    .argument("<id>", "the release's id")
    .action(async (id: string, flags: ClientFlags) => {
      const release = await withClient(flags, (client) => client.releases.withdraw(id));
      console.log(`Release ${release.version} for ${release.device_model} is withdrawn.`);
    });
}
