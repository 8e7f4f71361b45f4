import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { billOfMaterials } from "./bill-of-materials.ts";
import { bundle } from "./bundle.ts";
import { writeChecksums } from "./checksums.ts";
import { copyDeclarations, makeDeclarations } from "./declarations.ts";
import { publishedManifest } from "./manifest.ts";
import { type PublishedPackage, publishedPackages } from "./packages.ts";

/** Packs all published packages into `target`, and writes their bill of materials (CycloneDX) and checksums. Returns the files. */
export async function packAll(root: string, target: string): Promise<string[]> {
  mkdirSync(target, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "tk-pack-"));
  const libraries = publishedPackages.filter(({ exports }) => Object.keys(exports).length > 0);
  const declarations = makeDeclarations(root, libraries);
  try {
    const packed: string[] = [];
    for (const published of publishedPackages) {
      const folder = join(work, published.name.replace("/", "-"));
      await assemble(root, published, declarations.folder, folder);
      packed.push(join(target, pack(folder, target)));
    }
    const bill = join(target, "tillkeeper.cdx.json");
    writeFileSync(bill, `${JSON.stringify(billOfMaterials(root), undefined, 2)}\n`);
    const files = [...packed, bill];
    return [...files, writeChecksums(target, files)];
  } finally {
    declarations.remove();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Writes all files of a package into `folder`, as npm will install them. */
async function assemble(
  root: string,
  published: PublishedPackage,
  declarations: string,
  folder: string,
): Promise<void> {
  const dist = join(folder, "dist");
  mkdirSync(dist, { recursive: true });
  const imported = await bundle(root, published, dist);
  const library = Object.keys(published.exports).length > 0;
  const contents = { imported, declarations: library ? copyDeclarations(root, declarations, published, dist) : {} };
  const manifest = publishedManifest(root, published, contents);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  copyFileSync(join(root, published.folder, "README.md"), join(folder, "README.md"));
  for (const [path, source] of Object.entries(published.files)) {
    cpSync(join(root, source), join(folder, path), { recursive: true });
  }
  for (const name of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(root, name), join(folder, name));
  if (published.bin) writeStarter(published.bin, published.node, dist);
}

/** Writes the file that starts the program. Even an old Node can parse it, so that it names the version it needs. */
function writeStarter({ name, file }: NonNullable<PublishedPackage["bin"]>, node: number, dist: string): void {
  const lines = [
    "#!/usr/bin/env node",
    `if (Number(process.versions.node.split(".")[0]) >= ${node}) await import("./main.js");`,
    "else {",
    `  console.error(\`${name} needs Node ${node} or newer; this is \${process.version}. npx -p node@${node} -p ${name} ${name} brings one along.\`);`,
    "  process.exitCode = 1;",
    "}",
  ];
  writeFileSync(join(dist, file), `${lines.join("\n")}\n`);
  chmodSync(join(dist, file), 0o755);
}

function pack(folder: string, target: string): string {
  const options = ["--json", "--ignore-scripts", "--pack-destination", target];
  const answer = execFileSync("npm", ["pack", ...options], { cwd: folder, encoding: "utf8" });
  const [packed]: { filename: string }[] = JSON.parse(answer);
  if (!packed) throw new Error(`npm has packed nothing: ${answer}`);
  return packed.filename;
}
