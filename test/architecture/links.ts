import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

/** Links in documents that lead to no file, or to no heading of their file. */
export function findBrokenLinks(root: string, documents: readonly string[]): string[] {
  return documents.flatMap((path) => {
    const text = proseOf(path);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
    return links
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(path, link))
      .map((link) => `${relative(root, path)}: ${link}`);
  });
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : resolve(dirname(from), file);
  if (!existsSync(target)) return false;
  return anchor === undefined || (target.endsWith(".md") && anchorsOf(target).has(anchor));
}

/** Anchors of a document's headings, as GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(path).matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    const taken = [...anchors].filter((one) => one === anchor || one.startsWith(`${anchor}-`)).length;
    anchors.add(anchors.has(anchor) ? `${anchor}-${taken}` : anchor);
  }
  return anchors;
}

/** The document without fenced code, in which a shell's comment looks like a heading. */
function proseOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/^```[^]*?^```/gm, "");
}
