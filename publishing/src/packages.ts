import { scalarBundle } from "@tillkeeper/server/api-docs/pages/docs-folder";
import { guides } from "@tillkeeper/server/api-docs/pages/guides";

/** A package as it is published. What it needs at run time is found while it is bundled. */
export interface PublishedPackage {
  name: string;
  description: string;
  keywords: readonly string[];
  /** Its folder in the checkout, with README.md and the versions of what it needs. */
  folder: string;
  /** Name of each entry to its source. */
  entries: Readonly<Record<string, string>>;
  /** What `exports` leads to, by entry; none for a program. */
  exports: Readonly<Record<string, string>>;
  /** The program's name, and the file that starts it. */
  bin?: { name: string; file: string };
  node: number;
  /** Outside packages whose declarations come along, so that a program needs nothing else to be compiled. */
  inlinedTypes: readonly string[];
  /** Modules that find files by their own place in a package as well as in the checkout. */
  knowing: readonly string[];
  /** Files beside `dist`: where each is in the checkout, by its path in the package. */
  files: Readonly<Record<string, string>>;
  /** Packages that are looked for by name when the program runs, and which may be missing. */
  optional: boolean;
}

/** What the server shows: its guides, and the files of its pages. */
const documents: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.values(guides)
      .flat()
      .map(({ name }) => [`docs/${name}.md`, `docs/${name}.md`]),
  ),
  "docs/site": "docs/site",
  // Alone: the rest of that package, and what it needs, would only be installed.
  [`docs/site/${scalarBundle}`]: "node_modules/@scalar/api-reference/dist/browser/standalone.js",
  "docs/site/scalar.LICENSE": "publishing/licences/scalar.txt",
};

/** Everything that is published. The workspace's other packages are parts of these. */
export const publishedPackages: readonly PublishedPackage[] = [
  {
    name: "@tillkeeper/sdk",
    description: "Typed client of a Tillkeeper server: stores, payment terminals and remote operations.",
    keywords: ["payment-terminals", "point-of-sale", "end-of-day", "tillkeeper"],
    folder: "packages/sdk",
    entries: { index: "packages/sdk/src/index.ts" },
    exports: { ".": "index" },
    node: 20,
    inlinedTypes: ["typebox"],
    knowing: [],
    files: {},
    optional: false,
  },
  {
    name: "@tillkeeper/agent",
    description: "The device side of Tillkeeper: an agent for payment terminals, and virtual terminals.",
    keywords: ["payment-terminals", "point-of-sale", "mqtt", "simulator", "tillkeeper"],
    folder: "packages/terminal",
    entries: { index: "packages/agent/src/index.ts", virtual: "packages/virtual-terminals/src/index.ts" },
    exports: { ".": "index", "./virtual": "virtual" },
    node: 20,
    inlinedTypes: [],
    knowing: [],
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
    inlinedTypes: [],
    knowing: ["packages/server/src/api-docs/pages/docs-folder.ts"],
    files: documents,
    optional: true,
  },
];

/** The parts of the workspace that are published with others, and which name the versions of what they need. */
export const parts: readonly string[] = ["contract", "sdk", "terminal", "server", "cli"];
