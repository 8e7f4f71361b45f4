import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { release } from "../src/release/release.ts";
import { notes } from "../src/release/version.ts";
import { emptyFolder } from "./support.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [major, minor] = version.split(".").map(Number);
const next = `${major}.${minor + 1}.0`;

/** A repository of its own, with the files of this checkout that a release reads or changes. */
function checkout() {
  const { folder, remove } = emptyFolder();
  onTestFinished(remove);
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const files = [
    "package.json",
    "package-lock.json",
    "deploy/last-version",
    ...notes.map(({ path }) => path),
    ...workspaces.flatMap((pattern: string) => globSync(`${pattern}/package.json`, { cwd: root })),
  ];
  for (const path of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), readFileSync(join(root, path)));
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  git("init", "--quiet");
  git("config", "user.name", "Test");
  git("config", "user.email", "test@example.com");
  git("add", "--all");
  git("commit", "--quiet", "--message", "all");
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  const run = (to = next) => release({ root: folder, next: to, day: "2027-01-31" });
  return { folder, files, git, read, write, run };
}

describe("a release", () => {
  it("tags its version with its day in all notes, and begins the next one", () => {
    const { git, read, files, run } = checkout();
    const { tag, commit } = run();
    expect(tag).toBe(`v${version}`);
    expect(git("rev-parse", `${tag}^{commit}`)).toBe(commit);
    expect(git("show", `${tag}:CHANGELOG.md`)).toContain(`## ${version}, 2027-01-31`);
    expect(git("show", `${tag}:docs/operations/upgrades.md`)).toContain(`### ${version}, 2027-01-31`);
    expect(JSON.parse(git("show", `${tag}:package.json`)).version).toBe(version);

    expect(read("deploy/last-version").trim()).toBe(commit);
    expect(read("CHANGELOG.md")).toMatch(
      new RegExp(`^## ${next}, unreleased\n\nNothing yet\\.\n\n## ${version}, 20`, "m"),
    );
    // Neither the manifests nor the lock file know the version of before.
    const manifests = files.filter((path) => /package(-lock)?\.json$/.test(path));
    for (const path of manifests) {
      const own = [...read(path).matchAll(/"@tillkeeper\/[^"]+": "([^"]+)"/g)].map(([, wanted]) => wanted);
      expect(
        own.filter((wanted) => wanted !== next),
        path,
      ).toEqual([]);
      expect(JSON.parse(read(path)).version, path).toBe(next);
    }
    expect(git("status", "--porcelain")).toBe("");
  });

  it.each([
    ["a version that does not come later", version, undefined, "does not come after"],
    ["what is no version", "next", undefined, "is no version"],
    ["changes that are not committed", next, ["deploy/last-version", "changed"], "not committed"],
  ] as const)("refuses %s, and changes nothing", (_, to, change, why) => {
    const { git, write, run } = checkout();
    if (change) write(...change);
    const before = git("rev-parse", "HEAD");
    expect(() => run(to)).toThrow(why);
    expect([git("rev-parse", "HEAD"), git("tag", "--list")]).toEqual([before, ""]);
  });

  it("refuses a version without notes, one that says nothing, and one that is tagged", () => {
    const { git, read, write, run } = checkout();
    const text = read("CHANGELOG.md");
    write("CHANGELOG.md", text.replace(`${version}, unreleased`, "0.0.1, 2020-01-01"));
    git("commit", "--quiet", "--all", "--message", "no notes");
    expect(() => run()).toThrow('CHANGELOG.md begins with "0.0.1, 2020-01-01"');
    write("CHANGELOG.md", text);
    git("commit", "--quiet", "--all", "--message", "notes");
    run();
    const after = `${major}.${minor + 2}.0`;
    expect(() => run(after)).toThrow("Nothing yet.");
    git("tag", `v${next}`);
    expect(() => run(after)).toThrow(`The tag v${next} exists already.`);
  });
});
