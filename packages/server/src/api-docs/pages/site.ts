import { readSiteFile, scalarBundle } from "./docs-folder.ts";
import { Prepared } from "./prepared.ts";

/** Style sheets and scripts of the pages. */
const types: Readonly<Record<string, string>> = {
  "site.css": "text/css; charset=utf-8",
  "reference.css": "text/css; charset=utf-8",
  "landing.js": "text/javascript; charset=utf-8",
  "reference.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
  [scalarBundle]: "text/javascript; charset=utf-8",
};

const files: ReadonlyMap<string, Prepared> = new Map(
  Object.entries(types).map(([name, type]) => [name, new Prepared(type, () => readSiteFile(name))]),
);

/** The files by their addresses. */
export function siteFiles(): Map<string, Prepared> {
  return new Map([...files].map(([name, content]) => [pathOf(name), content]));
}

/** The address of a file with a mark of its content, so that browsers may keep it for ever. */
export function siteAddress(name: string): string {
  const content = files.get(name);
  if (!content) throw new Error(`${name} is no file of the pages`);
  return `${pathOf(name)}?v=${content.digest}`;
}

/** How long a file may be kept: for ever where the address names its content. */
export function keeping(content: Prepared, version: unknown): Record<string, string> {
  return version === content.digest ? { "cache-control": "public, max-age=31536000, immutable" } : {};
}

function pathOf(name: string): string {
  return `/docs/site/${name}`;
}
