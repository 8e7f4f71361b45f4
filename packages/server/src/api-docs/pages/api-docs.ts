import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { namedSchemas } from "@tillkeeper/contract/http/schemas";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import { nothingHere } from "../../platform/errors.ts";
import { asyncApiDocument } from "../messages/async-api.ts";
import { openApiDocument } from "../open-api/document.ts";
import { guideIndex } from "./guide-index.ts";
import { guidePages } from "./guides.ts";
import { landingJson, landingPage } from "./landing.ts";
import { llmsIndex } from "./llms.ts";
import { Prepared, send } from "./prepared.ts";
import { referencePage } from "./reference-page.ts";
import { isFromThisMachine, type SandboxAccess, servesThisMachine } from "./sandbox-access.ts";
import { sandboxPage } from "./sandbox-page.ts";
import { cacheHeaders, siteFiles } from "./site.ts";

export interface ApiDocsDeps {
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
  /** On a sandbox: returns its credentials, `undefined` before it is open. */
  sandbox?: (() => SandboxAccess | undefined) | undefined;
}

/** Answers with the page that people see at `/`. */
type ShowStart = (
  request: FastifyRequest,
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
) => Promise<FastifyReply>;

interface Page {
  content: Prepared;
  headers?: Readonly<Record<string, string>>;
}

/** Pages load nothing from other hosts, and no other site may frame them. */
const pagePolicy = policyOf({ style: "'self'" });
/** Scalar creates style elements and style attributes of its own. */
const referencePolicy = policyOf({ style: "'self' 'unsafe-inline'" });

function policyOf({ style }: { style: string }): Record<string, string> {
  const own = ["script-src", "connect-src", "img-src"].map((kind) => `${kind} 'self'`).join("; ");
  const none = ["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`).join("; ");
  return { "content-security-policy": `default-src 'none'; ${own}; style-src ${style}; ${none}` };
}

/** All pages and documents, by address. None needs a token, and none holds a secret. */
export class ApiDocs {
  readonly #pages: ReadonlyMap<string, (request: FastifyRequest) => Page>;
  readonly #sandbox: ApiDocsDeps["sandbox"];
  readonly #showStart: ShowStart;

  constructor(deps: ApiDocsDeps, showStart: ShowStart) {
    this.#sandbox = deps.sandbox;
    this.#showStart = showStart;
    this.#pages = new Map([...startPages(deps), ...documents(deps), ...guidesAndFiles()]);
  }

  get paths(): string[] {
    return ["/", ...this.#pages.keys()];
  }

  addTo(app: FastifyInstance): void {
    for (const [url, show] of this.#pages) {
      app.get(url, (request, reply) => {
        const { content, headers } = show(request);
        return send(request, reply, content, headers);
      });
    }
    this.#addStart(app);
    const sandbox = this.#sandbox;
    if (!sandbox) return;
    // Not GET: browsers send `Origin` with every POST.
    app.post("/docs/sandbox", (request) => {
      const access = isFromThisMachine(request) ? sandbox() : undefined;
      if (!access || !servesThisMachine(access)) throw nothingHere();
      return access;
    });
  }

  /** `/` is the console for people, and for programs it says where things are. */
  #addStart(app: FastifyInstance): void {
    const json = landingJson();
    const vary = { vary: "Accept, Accept-Encoding" };
    app.get("/", (request, reply) => {
      const wanted = new Negotiator(request).mediaType(["text/html", "application/json"]);
      return wanted === "application/json" ? send(request, reply, json, vary) : this.#showStart(request, reply, vary);
    });
  }
}

type Pages = [string, (request: FastifyRequest) => Page][];

function startPages({ sandbox: access }: ApiDocsDeps): Pages {
  const sandbox = access !== undefined;
  const start = landingPage({ sandbox });
  const reference = referencePage({ sandbox });
  const index = guideIndex();
  return [
    ["/docs/start", () => ({ content: start, headers: pagePolicy })],
    ...["/docs", "/docs/"].map((path): Pages[number] => [
      path,
      () => ({ content: reference, headers: referencePolicy }),
    ]),
    ["/docs/guides", () => ({ content: index, headers: pagePolicy })],
    ...(sandbox ? [sandboxRow()] : []),
  ];
}

function sandboxRow(): Pages[number] {
  const content = sandboxPage();
  return ["/sandbox", () => ({ content, headers: pagePolicy })];
}

const json = (make: () => object) => new Prepared("application/json; charset=utf-8", () => JSON.stringify(make()));
/** The same for all servers of a process, and made when one of them is first asked. */
const openApi = json(() => openApiDocument(endpoints, namedSchemas));
const asyncApi = json(asyncApiDocument);

/** The documents for programs. */
function documents({ ownUrl }: ApiDocsDeps): Pages {
  const contents = { "/openapi.json": openApi, "/asyncapi.json": asyncApi, "/llms.txt": llmsIndex(ownUrl) };
  return Object.entries(contents).map(([path, content]) => [path, () => ({ content })]);
}

function guidesAndFiles(): Pages {
  const pages = [...guidePages()].map(([path, content]): Pages[number] => [
    path,
    () => ({ content, headers: pagePolicy }),
  ]);
  const files = [...siteFiles()].map(([path, content]): Pages[number] => [
    path,
    ({ query }) => ({ content, headers: cacheHeaders(content, (query as { v?: unknown }).v) }),
  ]);
  return [...pages, ...files];
}
