import { openAsBlob } from "node:fs";
import type { Release, ReleaseCreate } from "@tillkeeper/contract/http/releases";
import { type Client, TillkeeperError } from "@tillkeeper/sdk";
import { withClient } from "../api-client.ts";
import type { ClientFlags } from "../client-flags.ts";
import { columns } from "../columns.ts";
import { signRelease } from "../release-signing.ts";

export interface AddFlags extends ClientFlags {
  model: string;
  version: string;
  file: string;
  key: string;
  notes?: string;
}

/** Signs a release and sends it. */
export async function addAction({ model, version, file, key, notes, ...flags }: AddFlags): Promise<void> {
  const signed = await signRelease({ device_model: model, version }, { file, key });
  const described = { ...signed, ...(notes !== undefined && { notes }) };
  const release = await withClient(flags, async (client) => {
    const { id } = await createOrFind(client, described);
    return client.releases.putFile(id, await openAsBlob(file));
  });
  console.log(`Release ${release.version} for ${release.device_model} is available: ${release.id}`);
}

/** Creates the release, or finds the draft that an earlier attempt has left. */
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

export interface ListFlags extends ClientFlags {
  model?: string;
}

/** Prints the latest releases. */
export async function listAction({ model, ...flags }: ListFlags): Promise<void> {
  const query = { limit: 100, ...(model !== undefined && { device_model: model }) };
  const { releases } = await withClient(flags, (client) => client.releases.list(query));
  if (releases.length === 0) return console.log("There are no releases.");
  console.log(columns(releases.map(lineOf)).join("\n"));
}

function lineOf({ id, device_model, version, status, offered, size }: Release): string[] {
  const shown = status === "available" && !offered ? "key revoked" : status;
  return [id, device_model, version, shown, `${size} bytes`];
}

/** Withdraws a release. */
export async function withdrawAction(id: string, flags: ClientFlags): Promise<void> {
  const release = await withClient(flags, (client) => client.releases.withdraw(id));
  console.log(`Release ${release.version} for ${release.device_model} is withdrawn.`);
}
