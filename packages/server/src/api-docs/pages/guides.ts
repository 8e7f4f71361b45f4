import { posix } from "node:path";
import { readDocument } from "./docs-folder.ts";
import { htmlType, mainOf, pageOf } from "./html.ts";
import { type LinkTarget, render, withTargets } from "./markdown.ts";
import { Prepared } from "./prepared.ts";

export interface Guide {
  /** The document's path in `docs` without `.md`; also its name in addresses. */
  name: string;
  /** Subject of the guide, in half a sentence. */
  about: string;
}

/** The documents for users of a running server, grouped by their readers. */
export const guides: Readonly<Record<string, readonly Guide[]>> = {
  "Using the API": [
    { name: "closing-the-day", about: "one request that closes a store, and what to do about each terminal" },
    {
      name: "sdk",
      about: "the typed client for programs: calls, lists, events, webhooks, and what it sends again by itself",
    },
    { name: "sdk-reference", about: "all that the client exports, and each of its calls, on one page" },
    { name: "command-line", about: "every call as a command, a day closed before your eyes, webhooks at home" },
    { name: "autopilot", about: "stores that are closed each evening by themselves, and what tells of a missed day" },
    { name: "being-told", about: "mail to people when a business day was not closed, and how it ends" },
    { name: "people", about: "users with roles, the links that let them in, and how they sign in" },
    { name: "events", about: "what happened in an account, as a page or as a stream, and how nothing of it is missed" },
    { name: "webhooks", about: "events posted to an address of yours, signed, and sent again until they are taken" },
    { name: "reports", about: "the closed day as CSV and as a page to print, numbered and never changed" },
    { name: "errors", about: "every error code, its cause and its cure" },
    { name: "outcomes", about: "what to do after an operation that failed or timed out" },
    { name: "virtual-terminals", about: "terminals without hardware that fail on command, and what their totals mean" },
    { name: "testing-your-integration", about: "every outcome of an operation, and what makes it happen in a sandbox" },
    { name: "check-client", about: "a program that tries yours by every rule for clients, and makes trouble" },
    { name: "sandbox-clock", about: "a sandbox at any later moment, or in a night that takes a minute" },
    { name: "sandbox-for-tests", about: "a server of its own for each file of tests, in any language and in CI" },
    { name: "simulation", about: "thousands of terminals with customers and troubles, on a laptop" },
    { name: "payout-destinations", about: "who gets the money of a store, and what follows from it" },
    { name: "updates", about: "signed releases and configurations, from your key to a terminal that runs them" },
    { name: "api-changelog", about: "what the API has beyond its public documentation, and since when" },
    { name: "glossary", about: "the words of the project, each with its one meaning" },
    { name: "field-reports", about: "bugs that others reported of their APIs, tried here" },
    { name: "conformance", about: "for every decision about the API the test that shows it" },
  ],
  "Making a terminal": [
    { name: "device-protocol", about: "how a terminal talks to the server, in half an hour" },
    { name: "device-protocol/messages", about: "every message of the protocol, field by field" },
    { name: "device-protocol/pairing", about: "how a device becomes a terminal by a code" },
    { name: "device-protocol/memory", about: "what to do when a device's journal is missing or old" },
    { name: "device-protocol/abilities", about: "telling what a device cannot do, or takes long for" },
    { name: "device-protocol/presence", about: "what the server makes of what it hears" },
    { name: "device-protocol/full-disk", about: "what to do when the device's disk is full" },
    { name: "device-protocol/limits", about: "why a link is ended or refused" },
    { name: "device-protocol/mqtt-5", about: "what MQTT 5 adds to 3.1.1" },
    { name: "device-protocol/https", about: "the same messages in HTTPS requests" },
    { name: "device-protocol/logs", about: "how a terminal's log gets to the server" },
    { name: "device-protocol/updates", about: "how a terminal fetches and checks what it is to run" },
    { name: "device-protocol/requests", about: "when to give up a request in which nothing moves" },
    { name: "device-protocol/by-hand", about: "being a terminal yourself, with mosquitto_pub" },
    { name: "check-agent", about: "a program that tries yours by every rule of the protocol" },
  ],
  "Running a server": [
    { name: "operations", about: "what to run for how many terminals, what to save, and what to practise" },
    { name: "operations/installing", about: "as a container, with compose, on Kubernetes, by systemd" },
    { name: "brokers", about: "TLS, and Mosquitto, RabbitMQ, EMQX or VerneMQ in place of the embedded broker" },
    { name: "operations/watching", about: "metrics, alerts and a board, the log, and health under an orchestrator" },
    { name: "operations/upgrades", about: "a new version beside the last one, what it locks, and the way back" },
    { name: "operations/database", about: "connections, PgBouncer, secrets in files, another password, clocks" },
    { name: "operations/failover", about: "PostgreSQL on two machines: Patroni, HAProxy, and what a failover costs" },
    { name: "operations/point-in-time", about: "back to a moment by PostgreSQL's own log, with pgBackRest" },
    { name: "backup", about: "the database and its key file, and how to restore them" },
    { name: "audit", about: "its chains, signed checkpoints, and what shows when somebody changed it" },
    { name: "security", about: "for operators, and for everybody who looks for a way in" },
    { name: "limits", about: "how much work a caller can make for the server" },
    { name: "evidence", about: "every promise, how it is proved, and what the last recorded run said" },
  ],
};

/** Documents for developers of the project; the server does not show them. */
export const forDevelopers = ["benchmarks", "console", "dependencies", "model", "reliability"];

/** Documents that are served at an address of their own. */
const documents: Readonly<Record<string, string>> = {
  "openapi.json": "/openapi.json",
  "asyncapi.json": "/asyncapi.json",
};

/** Every client needs the errors; the evidence is what people ask for who do not know the server yet. */
const withShortAddress: ReadonlySet<string> = new Set(["errors", "evidence"]);

const all = Object.values(guides).flat();
const names: ReadonlySet<string> = new Set(all.map(({ name }) => name));

/** Address of a guide's page; with `.md` behind it, the address of its Markdown. */
export function addressOf(name: string): string {
  return `/docs/guides/${name}`;
}

export function titleOf({ name }: Guide): string {
  return /^# (.+)$/m.exec(readDocument(`${name}.md`))?.[1] ?? name;
}

/** Page and Markdown of each guide, by address. */
export function guidePages(): Map<string, Prepared> {
  const pages = all.flatMap((guide) => {
    const address = addressOf(guide.name);
    const html = new Prepared(htmlType, () => htmlOf(guide));
    const markdown = new Prepared("text/markdown; charset=utf-8", () =>
      withTargets(readDocument(`${guide.name}.md`), (link) => targetOf(guide, link, ".md")),
    );
    const named: [string, Prepared][] = [
      [address, html],
      [`${address}.md`, markdown],
    ];
    if (!withShortAddress.has(guide.name)) return named;
    return [...named, [`/docs/${guide.name}`, html], [`/docs/${guide.name}.md`, markdown]];
  });
  return new Map(pages as [string, Prepared][]);
}

function htmlOf(guide: Guide): string {
  const { html, title } = render(readDocument(`${guide.name}.md`), (link) => targetOf(guide, link, ""));
  return pageOf({
    title,
    description: guide.about,
    current: guide.name === "errors" ? "/docs/errors" : "/docs/guides",
    markdown: `${addressOf(guide.name)}.md`,
    body: mainOf(html),
  });
}

/** Where a link of a guide leads: an address on this server, or a file of the source. */
function targetOf(from: Guide, link: string, ending: "" | ".md"): LinkTarget {
  if (/^[a-z]+:/.test(link) || link.startsWith("#")) return { href: link };
  const [file = "", anchor] = link.split("#");
  const path = posix.join(posix.dirname(from.name), file);
  const name = path.replace(/\.md$/, "");
  const address = names.has(name) && path !== name ? `${addressOf(name)}${ending}` : documents[path];
  if (address === undefined) return { source: posix.join("docs", path) };
  return { href: anchor === undefined ? address : `${address}#${anchor}` };
}
