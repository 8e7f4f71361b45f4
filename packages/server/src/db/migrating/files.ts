import { readdir, readFile } from "node:fs/promises";

/** A migration: a file of SQL that runs once, in one transaction with its record. */
export interface MigrationFile {
  name: string;
  text: string;
  /**
   * The oldest migration that a program must know to run after this one. A file says it in a line `-- needs: NAME`,
   * when it takes away what programs before that migration use. Left out: every program that ran before runs on.
   */
  needs: string | undefined;
}

/** Where the migrations of this version are. */
export const ownFolder = new URL("../migrations/", import.meta.url);

const needsLine = /^-- needs: (?<needs>\d{4}_\w+\.sql)$/m;

/** The migrations in a folder, in the order in which they run. */
export async function migrationFiles(folder: URL): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), "utf8");
      return { name, text, needs: needsLine.exec(text)?.groups?.["needs"] };
    }),
  );
}
