import { afterAll, onTestFinished } from "vitest";
import { Folder } from "./processes/folder.ts";

/** A temporary folder for the tests of a file or a group: removed after them, and after what was begun later for them. */
export function folderOfTests(name: string): string {
  const folder = new Folder(name);
  afterAll(() => folder.remove());
  return folder.path;
}

/** A temporary folder for one test. */
export function folderOfTest(name: string): string {
  const folder = new Folder(name);
  onTestFinished(() => folder.remove());
  return folder.path;
}
