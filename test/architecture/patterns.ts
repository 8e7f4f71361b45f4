import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseSync } from "oxc-parser";
import { sourceFiles } from "./imports.ts";

/** A regular expression and its place. */
export interface Pattern {
  where: string;
  source: string;
  flags: string;
}

/**
 * Every regular expression in the sources of a folder, tests excepted, and the places of those composed at run time.
 */
export function patternsInSources(root: string, folder: string): { patterns: Pattern[]; composed: string[] } {
  const patterns: Pattern[] = [];
  const composed: string[] = [];
  for (const path of sourceFiles(join(root, folder)).filter((name) => !name.endsWith(".test.ts"))) {
    const where = relative(root, path);
    const { program } = parseSync(path, readFileSync(path, "utf8"));
    walk(program, (node) => {
      const regex = node["regex"] as { pattern: string; flags: string } | null | undefined;
      if (regex) patterns.push({ where, source: regex.pattern, flags: regex.flags });
      const callee = node["callee"] as { name?: string } | undefined;
      if (callee?.name === "RegExp") composed.push(where);
    });
  }
  return { patterns, composed };
}

/** Every pattern in the schemas of an API description. They are compiled with the flag `u`. */
export function patternsInSchemas(root: string, document: string): Pattern[] {
  const found = new Map<string, Pattern>();
  walk(JSON.parse(readFileSync(join(root, document), "utf8")), ({ pattern }) => {
    if (typeof pattern === "string") found.set(pattern, { where: document, source: pattern, flags: "u" });
  });
  return [...found.values()];
}

function walk(value: unknown, look: (node: Record<string, unknown>) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) look(value as Record<string, unknown>);
  for (const child of Object.values(value)) walk(child, look);
}
