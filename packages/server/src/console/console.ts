import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { htmlType, mainOf, pageOf } from "../api-docs/pages/html.ts";
import { Prepared, send } from "../api-docs/pages/prepared.ts";
import { consoleFolder } from "./folder.ts";

/** Content types of the files that the build makes. */
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** The console loads nothing from other hosts and runs no inline script or style; no other site may frame it. */
const policy = {
  "content-security-policy": [
    "default-src 'none'",
    ...["script-src", "style-src", "connect-src", "img-src", "manifest-src", "worker-src"].map(
      (kind) => `${kind} 'self'`,
    ),
    ...["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`),
  ].join("; "),
  "referrer-policy": "same-origin",
};
const immutable = { "cache-control": "public, max-age=31536000, immutable" };

/** The console's own addresses, each of which shows its page: the program in it looks at the address. */
const pages = [
  "/sign-in",
  "/sign-in/link",
  "/authorize/:account(^[PT]\\d{8}$)",
  "/:account(^[PT]\\d{8}$)",
  "/:account(^[PT]\\d{8}$)/",
  "/:account(^[PT]\\d{8}$)/*",
];

/** The web console: its page, and its scripts and style sheets. */
export class Console {
  readonly #page: Prepared;
  readonly #files: ReadonlyMap<string, { content: Prepared; headers: Readonly<Record<string, string>> }>;

  constructor(folder: string | undefined = consoleFolder()) {
    const built = folder !== undefined && existsSync(folder) ? folder : undefined;
    this.#page = new Prepared(htmlType, () =>
      built === undefined ? notBuilt() : readFileSync(join(built, "index.html")),
    );
    this.#files = new Map(built === undefined ? [] : filesOf(built));
  }

  /** Its addresses without parameters. */
  get paths(): string[] {
    return ["/sign-in", "/sign-in/link", ...this.#files.keys()];
  }

  /** Shows the console's page. */
  show(
    request: FastifyRequest,
    reply: FastifyReply,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<FastifyReply> {
    return send(request, reply, this.#page, { ...policy, ...headers });
  }

  addTo(app: FastifyInstance): void {
    for (const url of pages) app.get(url, (request, reply) => this.show(request, reply));
    for (const [url, { content, headers }] of this.#files)
      app.get(url, (request, reply) => send(request, reply, content, headers));
  }
}

/** The files of the build by address, each with its compressed one. Names in `assets` hold a digest of the content. */
function filesOf(folder: string): [string, { content: Prepared; headers: Readonly<Record<string, string>> }][] {
  const names = new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }));
  return [...names].flatMap((name) => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const compressed = `${name}.br`;
    const content = new Prepared(
      type,
      () => readFileSync(join(folder, name)),
      names.has(compressed) ? () => readFileSync(join(folder, compressed)) : undefined,
    );
    // A service worker fetches by the policy of its own file.
    const headers = name.startsWith("assets") ? immutable : policy;
    return [[`/${name.replaceAll("\\", "/")}`, { content, headers }]];
  });
}

function notBuilt(): string {
  return pageOf({
    title: "Tillkeeper",
    description: "The web console of a Tillkeeper server.",
    current: "/",
    body: mainOf(`<h1>The console is not built</h1>
<p>Run <code>npm run build -w packages/console</code> in the checkout and restart the server. <a href="/docs">The API reference</a> is there without it.</p>`),
  });
}
