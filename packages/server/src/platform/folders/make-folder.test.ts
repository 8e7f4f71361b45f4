import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder as makeFolderOfAgent } from "@tillkeeper/agent/files/make-folder";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeFolder, makeFolderAsync } from "./make-folder.ts";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-test-make-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const makers = {
  "at once": async (path: string) => makeFolder(path),
  "in the background": makeFolderAsync,
  "by an agent": async (path: string) => makeFolderOfAgent(path),
};

describe.each(Object.entries(makers))("a folder made %s", (_how, make) => {
  it("comes with the folders above it, closed to other users, and may be there already", async () => {
    const folder = scratch();
    const path = join(folder, "a", "b", "c");
    await make(path);
    await make(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o700);
  });

  it("is refused where something else is", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "");
    await expect(make(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(make(join(folder, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  // openclaw/openclaw #130807, Kewton/CommandMate #1774: Node's recursive mkdir tries for ever, and uses up a processor.
  it("is refused, and not tried for ever, below a disk that is not mounted and where there are no folders", async () => {
    const folder = scratch();
    symlinkSync(join(folder, "not-mounted", "disk"), join(folder, "data"));
    for (const path of [join(folder, "data", "deep", "er"), join(folder, "data"), "/proc/none/deeper"])
      await expect(make(path), path).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is made by two at once", async () => {
    const folder = scratch();
    const path = join(folder, "x", "y");
    await Promise.all([make(path), make(path), make(path)]);
    expect(statSync(path).isDirectory()).toBe(true);
  });
});

it("names the first folder that was missing", () => {
  const folder = scratch();
  mkdirSync(join(folder, "there"));
  expect(makeFolder(join(folder, "there", "new", "newer"))).toBe(join(folder, "there", "new"));
  expect(makeFolder(join(folder, "there", "new"))).toBeUndefined();
});
