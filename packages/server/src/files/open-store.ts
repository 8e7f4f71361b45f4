import { join } from "node:path";
import { type Config } from "../config/config.ts";
import type { FilesPlace } from "../config/files-place.ts";
import { defaultFilesTimeoutSeconds } from "../config/settings.ts";
import { dayMs } from "../platform/time-spans.ts";
import type { FileStore } from "./file-store.ts";
import { clearDrafts, folderStore } from "./folder-store.ts";
import { cannotKeep } from "./place-id.ts";
import { storeWithTimeout } from "./timeouts.ts";

/** Age from which a draft is abandoned: servers that share the folder may still be writing younger ones. */
const abandonedAfterMs = dayMs;

type FolderPlace = Extract<FilesPlace, { kind: "folder" }>;
type PlaceSettings = Pick<Config, "files" | "filesTimeoutSeconds" | "dataDir">;

/** Opens the store that the settings name. Throws `StartupError` when it cannot be reached. */
export async function openFileStore({
  files,
  filesTimeoutSeconds = defaultFilesTimeoutSeconds,
  dataDir,
}: PlaceSettings): Promise<FileStore & { close(): void }> {
  const patienceMs = filesTimeoutSeconds * 1_000;
  const store = await openPlace({ files, dataDir }, patienceMs);
  const closing = new AbortController();
  const close = () => {
    closing.abort(new Error("the server stops"));
    store.close();
  };
  return { ...storeWithTimeout(store, patienceMs, closing.signal), close };
}

/** How the place is called in a sentence. */
export function placeName({ files, dataDir }: { files?: FilesPlace | undefined; dataDir: string }): string {
  if (files?.kind === "s3") return `the bucket s3://${files.bucket}/${files.prefix}`;
  return `the folder ${folderOf({ files, dataDir })}`;
}

function folderOf({ files, dataDir }: { files: FolderPlace | undefined; dataDir: string }): string {
  return files?.path ?? join(dataDir, "files");
}

async function openPlace(
  { files, dataDir }: { files: Config["files"] | undefined; dataDir: string },
  patienceMs: number,
): Promise<FileStore & { close(): void }> {
  if (files?.kind === "s3") {
    // Loaded on demand: a server with files in a folder should not spend time and memory on the AWS SDK.
    const { openS3Store } = await import("./s3-store.ts");
    return openS3Store(files, patienceMs);
  }
  const folder = folderOf({ files, dataDir });
  try {
    await clearDrafts(folder, files?.path === undefined ? 0 : abandonedAfterMs);
  } catch (error) {
    throw cannotKeep(placeName({ files, dataDir }), error);
  }
  return { ...folderStore(folder), close: () => {} };
}
