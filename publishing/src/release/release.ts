import { execFileSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  begun,
  checkFollows,
  dated,
  lockAt,
  manifestAt,
  newestIn,
  notes,
  nothingYet,
  ReleaseError,
} from "./version.ts";

interface ReleaseOptions {
  /** The checkout. */
  root: string;
  /** The version that is worked on after the release. */
  next: string;
  /** The day of the release, as in `2026-12-01`. */
  day: string;
}

/** What was made, for whoever pushes it. */
interface Release {
  version: string;
  tag: string;
  /** The hash of the tagged commit. */
  commit: string;
}

/**
 * Releases the version of the checkout: its notes get their day, that is committed and tagged, and the next commit begins
 * the next version. Nothing is pushed or published. Throws `ReleaseError`, and changes nothing, when changes are not
 * committed, notes are missing, or the tag exists.
 */
export function release({ root, next, day }: ReleaseOptions): Release {
  const git = (...args: string[]) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  const { version, workspaces } = JSON.parse(read("package.json")) as { version: string; workspaces: string[] };
  const tag = `v${version}`;
  checkFollows(next, version);
  if (git("status", "--porcelain") !== "") throw new ReleaseError("There are changes that are not committed.");
  if (git("tag", "--list", tag) !== "") throw new ReleaseError(`The tag ${tag} exists already.`);

  const datedNotes = notes.map((of) => [of.path, dated(read(of.path), of, { version, day })] as const);
  for (const [path, text] of datedNotes) {
    if (text.includes(nothingYet)) throw new ReleaseError(`${path} says of ${version}: "${nothingYet}"`);
  }
  for (const [path, text] of datedNotes) write(path, text);
  git("commit", "--quiet", "--all", "--message", `Release ${version}`);
  git("tag", "--annotate", tag, "--message", `Tillkeeper ${version}`);
  const commit = git("rev-parse", "HEAD");

  const manifests = ["package.json", ...workspaces.flatMap((each) => globSync(`${each}/package.json`, { cwd: root }))];
  for (const path of manifests) write(path, manifestAt(read(path), next));
  write("package-lock.json", lockAt(read("package-lock.json"), next));
  for (const of of notes) write(of.path, begun(read(of.path), of, next));
  write("deploy/last-version", `${commit}\n`);
  git("commit", "--quiet", "--all", "--message", `Begin ${next}; the last version is ${version}`);
  return { version, tag, commit };
}

/** Returns the newest version of each document with notes, for the test that compares them. */
export function newestVersions(root: string): string[] {
  return notes.map((of) => newestIn(readFileSync(join(root, of.path), "utf8"), of));
}
