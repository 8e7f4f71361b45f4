import { createHash } from "node:crypto";
import type { Language } from "@tillkeeper/words/languages";
import { html, Markup } from "../reports/html.ts";

const style = `
:root{color-scheme:light}
body{margin:0;padding:16px;font:16px/1.5 system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif;color:#111;background:#fff}
main{max-width:36em;margin:0 auto}
h1{font-size:1.25em;line-height:1.35;margin:0 0 .6em}
p{margin:.5em 0}
ul{margin:1em 0;padding:0;list-style:none}
li{margin:0 0 .8em;padding:.5em .8em;border-left:4px solid #b3261e;overflow-wrap:anywhere}
.small{font-size:.875em;color:#444;margin-top:2em;border-top:1px solid #bbb;padding-top:.8em}
a{color:#0b57d0}
button{font:inherit;padding:.6em 1.2em;border:1px solid #0b57d0;border-radius:6px;background:#0b57d0;color:#fff;cursor:pointer}
`;

const digest = createHash("sha256").update(style).digest("base64");

/** Headers of a page behind the link of a mail: no scripts, nothing from elsewhere, in no frame and no search engine. */
export function pageHeaders(language: Language): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-language": language,
    "content-security-policy": `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    "x-robots-tag": "noindex",
  };
}

/** A small document, as a mail and as a page. */
export function documentOf(language: Language, title: string, body: Markup): string {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;
}
