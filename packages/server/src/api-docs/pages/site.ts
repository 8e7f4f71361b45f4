import { readSiteFile, scalarBundle } from "./docs-folder.ts";
import { Prepared } from "./prepared.ts";

/** Style sheets and scripts of the pages, with their content types. */
const types: Readonly<Record<string, string>> = {
  "site.css": "text/css; charset=utf-8",
  "reference.css": "text/css; charset=utf-8",
  "landing.js": "text/javascript; charset=utf-8",
  "samples.js": "text/javascript; charset=utf-8",
  "sandbox.js": "text/javascript; charset=utf-8",
  "reference.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
  [scalarBundle]: "text/javascript; charset=utf-8",
};

const files: ReadonlyMap<string, Prepared> = new Map(
  Object.entries(types).map(([name, type]) => [name, new Prepared(type, () => readSiteFile(name))]),
);

/** The site's files, by address. */
export function siteFiles(): Map<string, Prepared> {
  return new Map([...files].map(([name, content]) => [pathOf(name), content]));
}

/** The address of a file with a digest of its content, so that browsers may cache it for ever. */
export function siteAddress(name: string): string {
  const content = files.get(name);
  if (!content) throw new Error(`${name} is no file of the pages`);
  return `${pathOf(name)}?v=${content.digest}`;
}

/** Cache headers of a file: it may be cached for ever when the address has the content's digest. */
export function cacheHeaders(content: Prepared, version: unknown): Record<string, string> {
  return version === content.digest ? { "cache-control": "public, max-age=31536000, immutable" } : {};
}

function pathOf(name: string): string {
  return `/docs/site/${name}`;
}
