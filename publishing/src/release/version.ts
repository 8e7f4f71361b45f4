/** What is wrong with the wish to release; its message is meant for the person who releases. */
export class ReleaseError extends Error {}

type Manifest = Record<string, unknown> & { version?: string };

const dependencies = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] as const;

/** Sets the version of a manifest, and of the packages of this repository that it asks for. */
function setIn(manifest: Manifest, version: string): void {
  if (manifest.version !== undefined) manifest.version = version;
  for (const kind of dependencies) {
    const wanted = manifest[kind] as Record<string, string> | undefined;
    for (const name of Object.keys(wanted ?? {})) {
      if (wanted && isOwn(name) && !wanted[name]?.startsWith("file:")) wanted[name] = version;
    }
  }
}

const isOwn = (name: string) => name.startsWith("@tillkeeper/") || name === "tillkeeper";

/** Returns the text of a `package.json` at that version. */
export function manifestAt(text: string, version: string): string {
  const manifest = JSON.parse(text) as Manifest;
  setIn(manifest, version);
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Returns the text of the lock file with the packages of this repository at that version. */
export function lockAt(text: string, version: string): string {
  const lock = JSON.parse(text) as Manifest & { packages: Record<string, Manifest & { link?: true }> };
  lock.version = version;
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path.includes("node_modules/") && !entry.link) setIn(entry, version);
  }
  return `${JSON.stringify(lock, null, 2)}\n`;
}

const form = /^(\d+)\.(\d+)\.(\d+)$/;

/** Throws `ReleaseError` unless the version is `X.Y.Z` and comes after the other. */
export function checkFollows(version: string, before: string): void {
  const [next, last] = [numbersOf(version), numbersOf(before)];
  const differs = next.findIndex((number, place) => number !== last[place]);
  if (differs < 0 || (next[differs] ?? 0) < (last[differs] ?? 0)) {
    throw new ReleaseError(`${version} does not come after ${before}.`);
  }
}

function numbersOf(version: string): number[] {
  const [, ...numbers] = form.exec(version) ?? [];
  if (numbers.length === 0) throw new ReleaseError(`${version} is no version: three numbers, as in 1.4.0.`);
  return numbers.map(Number);
}

/** A document with a heading for each version, the newest one first. */
export interface Notes {
  path: string;
  /** What begins a heading of a version. */
  heading: "##" | "###";
}

/** The documents that have a part for each version. */
export const notes: readonly Notes[] = [
  { path: "CHANGELOG.md", heading: "##" },
  { path: "docs/api-changelog.md", heading: "##" },
  { path: "docs/operations/upgrades.md", heading: "###" },
];

/** Returns the newest heading of a version, without what begins it. */
export function newestIn(text: string, { heading }: Notes): string {
  return new RegExp(`^${heading} (\\d+\\.\\d+\\.\\d+, .+)$`, "m").exec(text)?.[1] ?? "";
}

/** Returns the document with the day of the release in place of "unreleased". Throws when the version has no part in it. */
export function dated(text: string, of: Notes, { version, day }: { version: string; day: string }): string {
  if (newestIn(text, of) !== `${version}, unreleased`) {
    throw new ReleaseError(`${of.path} begins with "${newestIn(text, of)}", not with "${version}, unreleased".`);
  }
  return text.replace(`${of.heading} ${version}, unreleased`, `${of.heading} ${version}, ${day}`);
}

/** Returns the document with an empty part for the next version. */
export function begun(text: string, of: Notes, version: string): string {
  const newest = `${of.heading} ${newestIn(text, of)}`;
  return text.replace(newest, `${of.heading} ${version}, unreleased\n\n${nothingYet}\n\n${newest}`);
}

/** Stands in a part until something is written there. */
export const nothingYet = "Nothing yet.";
