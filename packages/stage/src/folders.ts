import { afterAll, onTestFinished } from "vitest";
import { Folder } from "./processes/folder.ts";

/**
 * Creates a temporary folder for the tests of a file or a group. It is removed after them, and after the clean-up
 * hooks registered later.
 */
export function folderOfTests(name: string): string {
  const folder = new Folder(name);
  afterAll(() => folder.remove());
  return folder.path;
}

/** Creates a temporary folder for one test. */
export function folderOfTest(name: string, finished: (work: () => void) => void = onTestFinished): string {
  const folder = new Folder(name);
  finished(() => folder.remove());
  return folder.path;
}
