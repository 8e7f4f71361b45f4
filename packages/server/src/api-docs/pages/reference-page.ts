import { scalarBundle } from "./docs-folder.ts";
import { htmlType, pageOf } from "./html.ts";
import { Prepared } from "./prepared.ts";

/** `/docs`: the API as Scalar shows it, with our settings and colours. Its script asks a sandbox for what opens it. */
export function referencePage({ sandbox }: { sandbox: boolean }): Prepared {
  return new Prepared(htmlType, () =>
    pageOf({
      title: "API reference",
      description: "Every request that this server answers, with its fields, examples and answers.",
      current: "/docs",
      styles: ["reference.css"],
      scripts: [scalarBundle, "reference.js"],
      body: `<div id="content" tabindex="-1">
<div id="reference"${sandbox ? " data-sandbox" : ""}></div>
<main id="reference-state" class="page"><p>The reference is being loaded…</p>
<noscript><p>It needs JavaScript. The same is in <a href="/openapi.json">openapi.json</a>.</p></noscript></main>
</div>`,
    }),
  );
}
