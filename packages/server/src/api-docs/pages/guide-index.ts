import { addressOf, type Guide, guides, titleOf } from "./guides.ts";
import { escaped, htmlType, mainOf, pageOf } from "./html.ts";
import { Prepared } from "./prepared.ts";

/** `/docs/guides`: all guides, by who reads them. */
export function guideIndex(): Prepared {
  const item = (guide: Guide) =>
    `<dt><a href="${addressOf(guide.name)}">${escaped(titleOf(guide))}</a></dt><dd>${escaped(sentence(guide.about))}</dd>`;
  return new Prepared(htmlType, () =>
    pageOf({
      title: "Guides",
      description: "Guides to the API, to the device protocol, and to running a server.",
      current: "/docs/guides",
      body: mainOf(`<h1>Guides</h1>
${Object.entries(guides)
  .map(([section, those]) => `<h2>${section}</h2>\n<dl class="places">${those.map(item).join("\n")}</dl>`)
  .join("\n")}`),
    }),
  );
}

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}.`;
}
