import { siteAddress } from "./site.ts";

export const htmlType = "text/html; charset=utf-8";

interface PageParts {
  title: string;
  description: string;
  /** The entry of the navigation that the page belongs to. */
  current: string;
  body: string;
  /** Names of style sheets and scripts among the site's files. */
  styles?: readonly string[];
  scripts?: readonly string[];
  /** Address of the page's content as Markdown. */
  markdown?: string;
}

const entries = { "/docs": "API reference", "/docs/guides": "Guides", "/docs/errors": "Errors" };

/** The main element of most pages. The link that skips the navigation leads here. */
export function mainOf(html: string): string {
  return `<main id="content" class="page" tabindex="-1">\n${html}\n</main>`;
}

/** A whole page: head, navigation and body. The body must contain an element with the id `content`. */
export function pageOf({ title, description, current, body, styles = [], scripts = [], markdown }: PageParts): string {
  const heading = title.includes("Tillkeeper") ? title : `${title} – Tillkeeper`;
  const isCurrent = (path: string) => (path === current ? ' aria-current="page"' : "");
  const links = Object.entries(entries).map(([path, name]) => `<a href="${path}"${isCurrent(path)}>${name}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(heading)}</title>
<meta name="description" content="${escaped(description)}">
<link rel="icon" href="${siteAddress("icon.svg")}" type="image/svg+xml">
${["site.css", ...styles].map((name) => `<link rel="stylesheet" href="${siteAddress(name)}">`).join("\n")}
${markdown === undefined ? "" : `<link rel="alternate" type="text/markdown" href="${markdown}">\n`}${scripts
  .map((name) => `<script src="${siteAddress(name)}" defer></script>`)
  .join("\n")}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><a class="name" href="/docs/start"${isCurrent("/docs/start")}>Tillkeeper</a><nav aria-label="Pages">${links.join("")}</nav></header>
${body}
${markdown === undefined ? "" : `<footer><a href="${markdown}">This page as Markdown</a></footer>\n`}</body>
</html>
`;
}

export function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
