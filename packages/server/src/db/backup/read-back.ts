import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BackupReader, type BackupSection } from "./format.ts";

const newline = 0x0a;

/**
 * Reads a whole backup as a restore would, and resolves with the numbers of rows. Throws when it is damaged, ends too
 * early, or has other numbers of rows than its last line says.
 */
export async function readBack(file: string): Promise<Record<string, number>> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  pipeline(source, unzipped).catch(() => undefined);
  try {
    const reader = new BackupReader(unzipped);
    if ((await reader.json())["tillkeeper_backup"] !== 1) throw new Error("it has no header");
    const found: Record<string, number> = {};
    for (;;) {
      const line = await reader.json();
      if (line["end"] === true) return checked(found, line["rows"] as Record<string, number>);
      const { table } = line as unknown as BackupSection;
      found[table] = await countLines(reader.rows());
    }
  } finally {
    source.destroy();
    unzipped.destroy();
  }
}

function checked(found: Record<string, number>, expected: Record<string, number>): Record<string, number> {
  for (const name of new Set([...Object.keys(found), ...Object.keys(expected)])) {
    if (found[name] !== expected[name]) throw new Error(`${name} has ${found[name]} rows, not ${expected[name]}`);
  }
  return found;
}

async function countLines(chunks: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines += 1;
  }
  return lines;
}
