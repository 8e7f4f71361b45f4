import GithubSlugger from "github-slugger";
import { Marked, type Tokens } from "marked";
import { escaped } from "./html.ts";

/** Target of a link: an address, or a file of the source that no server shows. */
export type LinkTarget = { href: string } | { source: string };

/** Renders a document as HTML. Tags in it are shown as text. Headings have the ids that GitHub gives them. */
export function render(markdown: string, targetOf: (link: string) => LinkTarget): { title: string; html: string } {
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
        const target = targetOf(href);
        if ("href" in target) return `<a href="${escaped(target.href)}">${html}</a>`;
        const isNamed = plain(this.parser.parseInline(tokens, this.parser.textRenderer)) === target.source;
        return `${html} [${isNamed ? "" : `<code>${escaped(target.source)}</code> `}${inTheSource}]`;
      },
      html: ({ text }) => escaped(text),
      // Content wider than the page scrolls, also by the keyboard.
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

/** Returns a document whose links lead to the addresses at which their targets are served. */
export function withTargets(markdown: string, targetOf: (link: string) => LinkTarget): string {
  const parts = markdown.split(/(^```[^]*?^```)/m);
  return parts.map((part, index) => (index % 2 === 1 ? part : linksIn(part, targetOf))).join("");
}

const inTheSource = "in the source code";
const contentsMark = "<!--contents-->";
/** Fewest sections for which a page lists its contents; a reader sees fewer at a glance. */
const fewestListed = 4;

function contentsOf(sections: readonly { id: string; text: string }[]): string {
  if (sections.length < fewestListed) return "";
  const items = sections.map(({ id, text }) => `<li><a href="#${escaped(id)}">${escaped(text)}</a></li>`);
  return `<details class="contents"><summary>On this page</summary><ul>${items.join("")}</ul></details>`;
}

function linksIn(prose: string, targetOf: (link: string) => LinkTarget): string {
  return prose.replaceAll(/\[([^[\]]*)\]\(([^()\s]+)\)/g, (_whole, label: string, link: string) => {
    const target = targetOf(link);
    if ("href" in target) return `[${label}](${target.href})`;
    const isNamed = label.replaceAll("`", "") === target.source;
    return `${label} [${isNamed ? "" : `\`${target.source}\` `}${inTheSource}]`;
  });
}

/** Replaces HTML entities, which the text renderer leaves unchanged. */
function plain(text: string): string {
  const entities: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
}
