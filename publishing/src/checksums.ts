import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Writes the SHA-256 of each file into `SHA256SUMS` beside them, as `sha256sum` does, so that `sha256sum --check SHA256SUMS` compares them. Returns
 * the path.
 */
export function writeChecksums(target: string, files: readonly string[]): string {
  const lines = files.map((file) => {
    const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
    return `${digest}  ${basename(file)}\n`;
  });
  const sums = join(target, "SHA256SUMS");
  writeFileSync(sums, lines.join(""));
  return sums;
}
