import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parts } from "./packages.ts";

/** An entry of the lock file. */
interface Locked {
  version?: string;
  /** The target of a link: a part of the workspace. */
  resolved?: string;
  link?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Bill {
  metadata: { component: { name: string; "bom-ref": string } };
  components: { "bom-ref": string; scope: string; properties?: { name: string }[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * The bill of materials (CycloneDX) of the published packages, by the lock file. npm writes it, and packages for development
 * are removed here. `npm sbom --omit=dev` does not serve. It omits every package that any part of the workspace needs for
 * development, even if another part needs it to run.
 */
export function billOfMaterials(root: string): Bill {
  const options = ["--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  const output = execFileSync("npm", ["sbom", ...options], { cwd: root, encoding: "utf8", maxBuffer: 2 ** 27 });
  const { metadata, components, dependencies, ...rest }: Bill = JSON.parse(output);
  const own = metadata.component["bom-ref"];
  const running = new Set([own, ...refsThatRun(root)]);
  return {
    ...rest,
    // npm gives it the name of the checkout's folder.
    metadata: { ...metadata, component: { ...metadata.component, name: "tillkeeper" } },
    components: components.filter((component) => running.has(component["bom-ref"])).map(asRunning),
    dependencies: dependencies
      .filter(({ ref }) => running.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => running.has(each)) })),
  };
}

/** A component as one that runs. npm lists a package once that is twice in the lock file, perhaps as one for development. */
function asRunning({ properties = [], ...component }: Bill["components"][number]): Bill["components"][number] {
  const others = properties.filter(({ name }) => name !== "cdx:npm:package:development");
  return { ...component, ...(others.length < properties.length && { scope: "required" }), properties: others };
}

/** `name@version` of the parts, and of all packages that they need when they run. */
function refsThatRun(root: string): Set<string> {
  const { packages }: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  const refs = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string, name: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const { version, dependencies, optionalDependencies } = packages[path] ?? {};
    refs.add(`${name}@${version}`);
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = placeOf(packages, path, needed);
      if (found !== undefined) visit(found, needed);
    }
  };
  for (const part of parts) visit(`packages/${part}`, `@tillkeeper/${part}`);
  return refs;
}

/** The path in the lock file where Node finds a package from another path; undefined for an absent optional package. */
function placeOf(packages: Record<string, Locked>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const place = join(folder, "node_modules", name);
    const found = packages[place];
    if (found) return found.link ? found.resolved : place;
    if (folder === "") return undefined;
  }
}
