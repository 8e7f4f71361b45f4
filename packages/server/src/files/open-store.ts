import { join } from "node:path";
import { type Config } from "../config/config.ts";
import { defaultFilesTimeoutSeconds } from "../config/settings.ts";
import { dayMs } from "../platform/time-spans.ts";
import type { FileStore } from "./file-store.ts";
import { clearDrafts, folderStore } from "./folder-store.ts";
import { storeWithTimeout } from "./timeouts.ts";

/** Age from which a draft is abandoned: servers that share the folder may still be writing younger ones. */
const abandonedAfterMs = dayMs;

/** Opens the store that the settings name. Throws `StartupError` when it cannot be reached. */
export async function openFileStore({
  files,
  filesTimeoutSeconds = defaultFilesTimeoutSeconds,
  dataDir,
}: Pick<Config, "files" | "filesTimeoutSeconds" | "dataDir">): Promise<FileStore & { close(): void }> {
  const patienceMs = filesTimeoutSeconds * 1_000;
  const store = await openPlace({ files, dataDir }, patienceMs);
  const closing = new AbortController();
  const close = () => {
    closing.abort(new Error("the server stops"));
    store.close();
  };
  return { ...storeWithTimeout(store, patienceMs, closing.signal), close };
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
  const folder = files?.path ?? join(dataDir, "files");
  await clearDrafts(folder, files?.path === undefined ? 0 : abandonedAfterMs);
  return { ...folderStore(folder), close: () => {} };
}
