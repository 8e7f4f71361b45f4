import type { Kind } from "./kinds.ts";
import { settings } from "./settings.ts";

const rows: [string, Kind<unknown> & { about: string }][] = Object.entries(settings);

/** Name and meaning of every setting, as plain text. */
export function describeSettings(): [string, string][] {
  return rows.map(([name, { about, byDefault }]) => {
    const plain = about.replaceAll(/\[([^[\]]+)\]\(([^()]+)\)/g, "$1 ($2)").replaceAll("`", "");
    return [name, `${plain}.${byDefault === undefined ? "" : ` Default: ${byDefault}.`}`];
  });
}

/** The table of settings in README.md, as Markdown. */
export function settingsTable(): string {
  const lines = rows.map(([name, { about, byDefault = "" }]) => `| \`${name}\` | ${byDefault} | ${about} |`);
  return ["| setting | default | |", "| --- | --- | --- |", ...lines].join("\n");
}
