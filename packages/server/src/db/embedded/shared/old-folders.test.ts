import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lockFolder } from "../../../platform/folders/folder-lock.ts";
import { keeperLock } from "./keeper-file.ts";
import { removeOldFolders } from "./old-folders.ts";

it("removes clusters of other versions that were not used for two weeks, but none that a keeper holds", () => {
  const cache = mkdtempSync(join(tmpdir(), "tillkeeper-test-cache-"));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const [own, unused, held, recent] = ["a", "b", "c", "d"].map((letter) => `sandboxes-${letter.repeat(12)}`) as [
    string,
    string,
    string,
    string,
  ];
  const days = (folder: string, age: number) => {
    const at = new Date(Date.now() - age * 24 * 3_600_000);
    utimesSync(join(cache, folder), at, at);
  };
  for (const folder of [own, unused, held, recent, `${recent}.gone`, "of-others"]) {
    mkdirSync(join(cache, folder, "postgres"), { recursive: true });
    writeFileSync(join(cache, folder, "postgres", "PG_VERSION"), "18\n");
  }
  const lock = lockFolder(join(cache, held), keeperLock(join(cache, held)));
  for (const folder of [own, unused, held, `${recent}.gone`, "of-others"]) days(folder, 15);
  days(recent, 13);

  removeOldFolders(cache, own);

  expect(readdirSync(cache).toSorted()).toEqual(["of-others", own, held, recent]);
  lock.release();
  days(held, 15);
  removeOldFolders(cache, own);
  expect(readdirSync(cache).toSorted()).toEqual(["of-others", own, recent]);
});
