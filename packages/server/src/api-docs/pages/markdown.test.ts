import { describe, expect, it } from "vitest";
import { type Place, render, withPlaces } from "./markdown.ts";

const placeOf = (link: string): Place => (link.endsWith(".ts") ? { source: "docs/x.ts" } : { href: `/here/${link}` });
const htmlOf = (markdown: string) => render(markdown, placeOf).html;

describe("a document as HTML", () => {
  it("shows tags as text, in a paragraph, on a line of their own, and in headings", () => {
    const html = htmlOf("# A <b>bold</b> one\n\nSend <token> in <i>it</i>.\n\n<script>alert(1)</script>\n");
    expect(html).not.toMatch(/<(b|i|script|token)>/);
    expect(html).toContain("Send &lt;token&gt; in &lt;i&gt;it&lt;/i&gt;.");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(render("# A <b>bold</b> one", placeOf).title).toBe("A <b>bold</b> one");
  });

  it("leads links to where their targets are served, and names those in the source", () => {
    expect(htmlOf("[the *page*](a.md#b)")).toContain('<a href="/here/a.md#b">the <em>page</em></a>');
    expect(htmlOf("[it](x.ts)")).toContain("it [<code>docs/x.ts</code> in the source code]");
    expect(htmlOf("[`docs/x.ts`](x.ts)")).toContain("<code>docs/x.ts</code> [in the source code]");
  });

  it("has the headings' ids that GitHub makes, and lists sections where there are many", () => {
    const html = htmlOf("# Top\n\n## What's `new`?\n\n## Same\n\n## Same\n\n## [Last](a.md) & gone\n");
    const ids = [...html.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual(["whats-new", "same", "same-1", "last--gone"]);
    for (const id of ids) expect(html).toContain(`<li><a href="#${id}">`);
    expect(html).not.toMatch(/<a[^>]*>[^<]*<a/);
    expect(htmlOf("# Top\n\n## One\n")).not.toContain("On this page");
  });

  it("lets the keyboard scroll what may be wider than the page", () => {
    expect(htmlOf("```sh\na < b\n```")).toContain('<pre tabindex="0"><code>a &lt; b</code></pre>');
    const table = htmlOf("| a | |\n| --- | --- |\n| `x` | y |\n");
    expect(table).toContain('<div class="wide" tabindex="0"><table>');
    expect(table).toContain('<th scope="col">a</th><td></td>');
    expect(table).toContain('<td data-column="a"><code>x</code></td><td data-column="">y</td>');
  });
});

describe("a document as Markdown", () => {
  it("has its links changed, but nothing in fences", () => {
    const fence = "```\n[a](b.md)\n```";
    expect(withPlaces(`[a](b.md) and [c](x.ts)\n${fence}\n[d](e.md)`, placeOf)).toBe(
      `[a](/here/b.md) and c [\`docs/x.ts\` in the source code]\n${fence}\n[d](/here/e.md)`,
    );
  });
});
