import type { Kind } from "./kinds.ts";
import { fileSetting, settings } from "./settings.ts";

/** Where else the value of a secret may stand. */
const alsoIn = (name: string, { secret }: Kind<unknown>) => (secret ? `. Or its file: \`${fileSetting(name)}\`` : "");

const rows: [string, Kind<unknown> & { about: string }][] = Object.entries(settings);

/** Name and meaning of every setting, as plain text. */
export function describeSettings(): [string, string][] {
  return rows.map(([name, row]) => {
    const { about, byDefault } = row;
    const plain = `${about}${alsoIn(name, row)}`
      .replaceAll(/\[([^[\]]+)\]\(([^()]+)\)/g, "$1 ($2)")
      .replaceAll("`", "");
    return [name, `${plain}.${byDefault === undefined ? "" : ` Default: ${byDefault}.`}`];
  });
}

/** The table of settings in README.md, as Markdown. */
export function settingsTable(): string {
  const lines = rows.map(([name, row]) => {
    const { about, byDefault = "" } = row;
    return `| \`${name}\` | ${byDefault} | ${about}${alsoIn(name, row)} |`;
  });
  return ["| setting | default | |", "| --- | --- | --- |", ...lines].join("\n");
}
