import { htmlType, mainOf, pageOf } from "./html.ts";
import { Prepared } from "./prepared.ts";

/** Addresses of a server's documents and health routes, for programs. */
const links = {
  start: "/docs/start",
  docs: "/docs",
  guides: "/docs/guides",
  errors: "/docs/errors",
  openapi: "/openapi.json",
  asyncapi: "/asyncapi.json",
  llms: "/llms.txt",
  health: { live: "/health/live", startup: "/health/startup", ready: "/health/ready" },
};

const about = "A Tillkeeper server: it manages stores, payment terminals and what is done with terminals remotely.";

/** The landing page's content as JSON, for programs. */
export function landingJson(): Prepared {
  return new Prepared("application/json; charset=utf-8", () =>
    JSON.stringify({ name: "Tillkeeper", description: about, links }),
  );
}

/** `/docs/start`: what this server is, and where its documents are. */
export function landingPage({ sandbox }: { sandbox: boolean }): Prepared {
  return new Prepared(htmlType, () =>
    pageOf({
      title: "Tillkeeper",
      description: about,
      current: "/docs/start",
      scripts: sandbox ? ["landing.js"] : [],
      body: mainOf(`<h1>This is a Tillkeeper ${sandbox ? "sandbox" : "server"}</h1>
<p>It manages fleets of payment terminals: the stores that they stand in, what is known of them, and operations on them, such as
closing the day. It moves no money and sees no card data. Programs call it under <code>/v1</code> of this address.</p>
${sandbox ? sandboxSection : liveSection}
<h2>Where things are</h2>
<dl class="places">
<dt><a href="/">Console</a></dt><dd>For people: close the day of a store, its reports, its terminals.</dd>
<dt><a href="${links.docs}">API reference</a></dt><dd>Every request with its fields, examples and answers, to be tried on this server.</dd>
<dt><a href="${links.guides}">Guides</a></dt><dd>Trying it without hardware, making a terminal, running a server.</dd>
<dt><a href="${links.errors}">Errors</a></dt><dd>Every error code, its cause and its cure.</dd>
<dt><a href="${links.openapi}">openapi.json</a></dt><dd>The API as an OpenAPI 3.1 document, to make clients from.</dd>
<dt><a href="${links.asyncapi}">asyncapi.json</a></dt><dd>How terminals talk to the server over MQTT, as an AsyncAPI 3 document.</dd>
<dt><a href="${links.llms}">llms.txt</a></dt><dd>All of this as an index for language models; each guide is there as Markdown.</dd>
<dt><a href="${links.health.live}">/health/live</a>, <a href="${links.health.ready}">/health/ready</a></dt>
<dd>Whether the process answers, and whether the server can answer requests.</dd>
</dl>`),
    }),
  );
}

/** The script fills the section in when the page is opened on the server's own machine. */
const sandboxSection = `<p>A sandbox is for trying things out: it has one account, with stores and virtual terminals that really connect and answer.
<a href="/sandbox">Try it here</a>: give a terminal a fault, and close a day.</p>
<section id="sandbox" aria-live="polite">
<h2>Your first request</h2>
<p>Account, client id and client secret were printed when the server started. They also stand in <code>sandbox.json</code> in its
data folder. Open this page on the server's own machine, and they are here.</p>
</section>`;

const liveSection = `<h2>Your first request</h2>
<ol>
<li>Get an account, a client id and a client secret from whoever runs this server. On the server itself,
<code>npx tillkeeper account create --name "Example AS"</code> makes them.</li>
<li>Ask for an access token: <code>POST /v1/accounts/{account_id}/auth/token</code> with the client's credentials.</li>
<li>Send the token with every other request, as <code>Authorization: Bearer …</code></li>
</ol>`;
