import { readConfig } from "@tillkeeper/server/config/config";
import { restoreBackup } from "@tillkeeper/server/db/backup/restore";
import { writeBackup } from "@tillkeeper/server/db/backup/write";
import { rootKeyFile } from "@tillkeeper/server/platform/folders/root-key";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { columns } from "../columns.ts";
import { withLocation } from "../database.ts";

/** Writes all rows of the database into one file, also while servers run. */
export async function backupAction({ to }: { to: string }): Promise<void> {
  const config = readConfig(process.env);
  const report = await withLocation(config, (location) => writeBackup(location, to), { beside: true });
  console.log(
    [
      `The backup is ${to}, of the schema ${report.schema}:`,
      ...rowsOf(report.rows),
      "",
      ...(report.keyFingerprint === null
        ? []
        : [
            `It needs the key ${report.keyFingerprint}, which is not in it: keep a copy of ${rootKeyFile(config)} in another place.`,
          ]),
      "Files of terminals are not in it either: copy them after it (docs/backup.md).",
    ].join("\n"),
  );
}

/** Reads a file of `backup` into an empty database. */
export async function restoreAction(file: string): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  const rows = await withLocation(config, (location) => restoreBackup({ location, file, log, ...config }));
  const next =
    "Next, before servers start: tillkeeper restored. It raises what must not go back, and says what to expect.";
  console.log(["Restored, and counted:", ...rowsOf(rows), "", next].join("\n"));
}

function rowsOf(rows: Record<string, number>): string[] {
  const names = Object.keys(rows).toSorted();
  return columns(names.map((name) => [`  ${name}`, String(rows[name])]));
}
