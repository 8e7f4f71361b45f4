import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "./private-file.ts";

const form = /^[0-9a-f-]{36}$/;

/** An id that stays with the data folder, so that a restarted server is recognised as the same one. */
export function serverId(folder: string): string {
  const path = join(folder, "server-id");
  try {
    const known = readFileSync(path, "utf8").trim();
    if (form.test(known)) return known;
  } catch {
    // First start.
  }
  const id = randomUUID();
  writePrivateFile(path, `${id}\n`);
  return id;
}
