import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type PublishedPackage, parts } from "./packages.ts";

const repository = "https://github.com/tillkeeper/tillkeeper";

/** The fields of a `package.json` that are read here. */
interface Manifest {
  name: string;
  version: string;
  license: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Reads the `package.json` of the checkout, or of one of its folders. */
export function readManifest(root: string, folder = "."): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

interface Contents {
  /** Outside packages that the modules import. */
  imported: readonly string[];
  /** The path of each entry's declaration in `dist`. */
  declarations: Readonly<Record<string, string>>;
}

/** The `package.json` of a published package. Throws for an import whose version no part of the workspace names. */
export function publishedManifest(root: string, published: PublishedPackage, contents: Contents): object {
  const { name, description, keywords, folder, exports, bin, files, node, optional } = published;
  const { version, license } = readManifest(root);
  const manifests = parts.map((part) => readManifest(root, `packages/${part}`));
  const versions = Object.assign({}, ...manifests.map(({ dependencies }) => dependencies)) as Record<string, string>;
  const outside = contents.imported.filter((dependency) => !published.beside.includes(dependency));
  const dependencies = outside.map((dependency) => {
    const wanted = versions[dependency];
    if (wanted === undefined) throw new Error(`${name} imports ${dependency}, which is no dependency of its parts`);
    return [dependency, wanted];
  });
  for (const dependency of published.beside) dependencies.push([dependency, version]);
  const entry = (file: string) => ({ types: `./dist/${contents.declarations[file]}`, default: `./dist/${file}.js` });
  return {
    name,
    version,
    description,
    keywords,
    license,
    homepage: `${repository}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: "git", url: `git+${repository}.git`, directory: folder },
    type: "module",
    sideEffects: bin !== undefined,
    exports: {
      ...Object.fromEntries(Object.entries(exports).map(([path, file]) => [path, entry(file)])),
      "./package.json": "./package.json",
    },
    ...(bin && { bin: { [bin.name]: `dist/${bin.file}` } }),
    files: ["dist", "CHANGELOG.md", ...new Set(Object.keys(files).map((path) => path.split("/")[0]))],
    engines: { node: `>=${node}` },
    ...(dependencies.length > 0 && { dependencies: Object.fromEntries(dependencies) }),
    ...(optional && { optionalDependencies: Object.assign({}, ...manifests.map((each) => each.optionalDependencies)) }),
    publishConfig: { access: "public" },
  };
}
