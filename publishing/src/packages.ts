import { scalarBundle } from "@tillkeeper/server/api-docs/pages/docs-folder";
import { guides } from "@tillkeeper/server/api-docs/pages/guides";

/** A package as it is published. Bundling finds the packages that it depends on. */
export interface PublishedPackage {
  name: string;
  description: string;
  keywords: readonly string[];
  /** Its folder in the checkout, with README.md and the versions of its dependencies. */
  folder: string;
  /** The source of each entry, by name. */
  entries: Readonly<Record<string, string>>;
  /** The entry of each path in `exports`; none for a program. */
  exports: Readonly<Record<string, string>>;
  /** The program's name, and the file that starts it. */
  bin?: { name: string; file: string };
  /** The lowest major version of Node that runs it. */
  node: number;
  /** Published packages that it stands on, of the same version, which are not bundled into it: who imports both has one copy. */
  beside: readonly string[];
  /** Outside packages whose declarations are packed, so that a program compiles without installing them. */
  inlinedTypes: readonly string[];
  /** Modules that find their files by their own place, in a package as well as in the checkout: see `ownFiles`. */
  exempt: readonly string[];
  /** Files beside `dist`: the path in the checkout, by the path in the package. */
  files: Readonly<Record<string, string>>;
  /** Whether it needs packages that the program finds by name when it runs, and that may be missing. */
  optional: boolean;
}

/** The files that the server shows: its guides, and the files of its pages. */
const documents: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.values(guides)
      .flat()
      .map(({ name }) => [`docs/${name}.md`, `docs/${name}.md`]),
  ),
  "docs/site": "docs/site",
  // The build of the web console, which `npm ci` makes.
  console: "packages/console/dist",
  // Only this file: the rest of that package, and its dependencies, would be installed in vain.
  [`docs/site/${scalarBundle}`]: "node_modules/@scalar/api-reference/dist/browser/standalone.js",
  "docs/site/scalar.LICENSE": "publishing/licences/scalar.txt",
};

/** All published packages. The workspace's other packages are bundled into them. */
export const publishedPackages: readonly PublishedPackage[] = [
  {
    name: "@tillkeeper/sdk",
    description: "Typed client of a Tillkeeper server: stores, payment terminals and remote operations.",
    keywords: ["payment-terminals", "point-of-sale", "end-of-day", "tillkeeper"],
    folder: "packages/sdk",
    entries: { index: "packages/sdk/src/index.ts", node: "packages/sdk/src/node.ts" },
    // Apart from what pages load, because it reads files.
    exports: { ".": "index", "./node": "node" },
    node: 20,
    beside: [],
    inlinedTypes: ["typebox"],
    exempt: [],
    files: {},
    optional: false,
  },
  {
    name: "@tillkeeper/agent",
    description: "The device side of Tillkeeper: an agent for payment terminals, and virtual terminals.",
    keywords: ["payment-terminals", "point-of-sale", "mqtt", "simulator", "tillkeeper"],
    folder: "packages/agent",
    entries: { index: "packages/agent/src/index.ts", virtual: "packages/virtual-terminals/src/index.ts" },
    exports: { ".": "index", "./virtual": "virtual" },
    node: 20,
    beside: [],
    inlinedTypes: [],
    exempt: [],
    files: {},
    optional: false,
  },
  {
    name: "tillkeeper",
    description: "Self-hosted server that manages fleets of payment terminals, its sandbox and its command line.",
    keywords: ["payment-terminals", "point-of-sale", "end-of-day", "mqtt", "sandbox", "server"],
    folder: "packages/cli",
    entries: { main: "packages/cli/src/main.ts" },
    exports: {},
    bin: { name: "tillkeeper", file: "tillkeeper.js" },
    node: 24,
    beside: [],
    inlinedTypes: [],
    exempt: ["packages/server/src/api-docs/pages/docs-folder.ts", "packages/server/src/console/folder.ts"],
    files: documents,
    optional: true,
  },
  {
    name: "@tillkeeper/sandbox",
    description: "Sandboxes of Tillkeeper for tests: a server with stores, payment terminals, faults and a clock.",
    keywords: ["payment-terminals", "point-of-sale", "testing", "sandbox", "tillkeeper"],
    folder: "packages/sandbox",
    entries: { index: "packages/sandbox/src/index.ts" },
    exports: { ".": "index" },
    node: 24,
    beside: ["@tillkeeper/sdk", "tillkeeper"],
    inlinedTypes: ["typebox"],
    exempt: [],
    files: {},
    optional: false,
  },
];

/** The parts of the workspace that published packages consist of. Their `package.json` names the versions of dependencies. */
export const parts: readonly string[] = [
  "contract",
  "words",
  "sdk",
  "agent",
  "virtual-terminals",
  "server",
  "cli",
  "sandbox",
];
