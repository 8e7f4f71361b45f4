import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** The commit of the previous version, which has to run beside this one. */
export function lastVersion(): string {
  return readFileSync(join(root, "deploy", "last-version"), "utf8").trim();
}

/**
 * Puts the sources of the last version into a folder, with the libraries of this checkout. Returns the command that
 * starts its command line. Throws when the checkout has no such commit, as a shallow clone.
 */
export function checkOutLastVersion(folder: string): readonly string[] {
  const commit = lastVersion();
  try {
    execFileSync("git", ["-C", root, "cat-file", "-e", `${commit}^{commit}`], { stdio: "ignore" });
  } catch {
    throw new Error(
      `This checkout does not have the commit ${commit} of deploy/last-version: fetch it (git fetch --unshallow).`,
    );
  }
  const archive = execFileSync("git", ["-C", root, "archive", "--format=tar", commit], { maxBuffer: 2 ** 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  linkLibraries(folder);
  return [process.execPath, join(folder, "packages/cli/src/main.ts")];
}

/** Links the installed libraries. The packages of the project itself are those of the folder. */
function linkLibraries(folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@tillkeeper"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@tillkeeper") symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(join(folder, "packages"))) {
    const home = join(folder, "packages", name);
    const { name: full } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { name: string };
    symlinkSync(home, join(modules, full));
    const own = join(root, "packages", name, "node_modules");
    if (existsSync(own)) symlinkSync(own, join(home, "node_modules"));
  }
}
