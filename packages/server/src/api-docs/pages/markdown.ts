import GithubSlugger from "github-slugger";
import { Marked, type Tokens } from "marked";
import { escaped } from "./html.ts";

/** Where a link leads: to an address, or to a file of the source that no server shows. */
export type Place = { href: string } | { source: string };

/** A document as HTML. Tags in it are shown as text. Headings have the ids that GitHub gives them. */
export function render(markdown: string, placeOf: (link: string) => Place): { title: string; html: string } {
  const slugger = new GithubSlugger();
  const sections: { id: string; text: string }[] = [];
  let title = "";
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const text = plain(this.parser.parseInline(tokens, this.parser.textRenderer));
        const id = slugger.slug(text);
        if (depth === 1) title ||= text;
        if (depth === 2) sections.push({ id, text });
        const top = depth === 1 ? contentsMark : "";
        return `<h${depth} id="${escaped(id)}">${html}</h${depth}>\n${top}`;
      },
      link({ href, tokens }) {
        const html = this.parser.parseInline(tokens);
        const place = placeOf(href);
        if ("href" in place) return `<a href="${escaped(place.href)}">${html}</a>`;
        const isNamed = plain(this.parser.parseInline(tokens, this.parser.textRenderer)) === place.source;
        return `${html} [${isNamed ? "" : `<code>${escaped(place.source)}</code> `}${inTheSource}]`;
      },
      html: ({ text }) => escaped(text),
      // What is wider than the page is scrolled, by the keyboard as well.
      code: ({ text }) => `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`,
      table(token) {
        const textOf = (cell: Tokens.TableCell) => this.parser.parseInline(cell.tokens);
        // A column without a name has no heading. On a phone each cell shows its column's name.
        const names = token.header.map(textOf);
        const head = names.map((name) => (name === "" ? "<td></td>" : `<th scope="col">${name}</th>`)).join("");
        const labels = token.header.map((cell) =>
          plain(this.parser.parseInline(cell.tokens, this.parser.textRenderer)),
        );
        const rowOf = (cells: readonly Tokens.TableCell[]) =>
          cells.map((cell, index) => `<td data-column="${escaped(labels[index] ?? "")}">${textOf(cell)}</td>`).join("");
        const body = token.rows.map((cells) => `<tr>${rowOf(cells)}</tr>`).join("\n");
        return `<div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title, html: html.replace(contentsMark, () => contentsOf(sections)) };
}

/** A document whose links lead to where its neighbours are served. */
export function withPlaces(markdown: string, placeOf: (link: string) => Place): string {
  const parts = markdown.split(/(^```[^]*?^```)/m);
  return parts.map((part, index) => (index % 2 === 1 ? part : linksIn(part, placeOf))).join("");
}

const inTheSource = "in the source code";
const contentsMark = "<!--contents-->";
/** A page with fewer sections is seen at a glance. */
const fewestListed = 4;

function contentsOf(sections: readonly { id: string; text: string }[]): string {
  if (sections.length < fewestListed) return "";
  const items = sections.map(({ id, text }) => `<li><a href="#${escaped(id)}">${escaped(text)}</a></li>`);
  return `<details class="contents"><summary>On this page</summary><ul>${items.join("")}</ul></details>`;
}

function linksIn(prose: string, placeOf: (link: string) => Place): string {
  return prose.replaceAll(/\[([^[\]]*)\]\(([^()\s]+)\)/g, (_whole, label: string, link: string) => {
    const place = placeOf(link);
    if ("href" in place) return `[${label}](${place.href})`;
    const isNamed = label.replaceAll("`", "") === place.source;
    return `${label} [${isNamed ? "" : `\`${place.source}\` `}${inTheSource}]`;
  });
}

/** The text renderer leaves HTML's entities as they are. */
function plain(text: string): string {
  const entities: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
}
