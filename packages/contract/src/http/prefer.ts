import { Type } from "typebox";
import { limits } from "../limits.ts";

/** The header by which a request asks that its answer waits for an end (RFC 7240 section 4.3). */
export const PreferWait = Type.Object({
  Prefer: Type.Optional(
    Type.String({
      description:
        `\`wait=N\` (RFC 7240): the answer comes when what was asked for has ended, or after N seconds as it is then; at most ` +
        `${limits.preferWaitSecondsMax} seconds, whatever N is. A server on which many requests wait answers at once: a waiting that was done ` +
        `is named by \`Preference-Applied\`. Other preferences are ignored.`,
      examples: ["wait=10"],
    }),
  ),
});

/**
 * The seconds that `Prefer: wait=N` asks for, at most as many as the server waits. Undefined without that preference, and for one
 * whose value is no number of seconds: preferences that are not understood are ignored (RFC 7240 section 2). Of several only the
 * first counts.
 */
export function waitSecondsOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const wait = splitOutsideQuotes(header, ",")
    .map(readPreference)
    .find(({ name }) => name === "wait");
  return wait && /^\d+$/.test(wait.value) ? Math.min(Number(wait.value), limits.preferWaitSecondsMax) : undefined;
}

/** Reads `name=value` before any parameters; a value in quotes means the same as without. */
function readPreference(preference: string): { name: string; value: string } {
  const [nameAndValue = ""] = splitOutsideQuotes(preference, ";");
  const at = nameAndValue.indexOf("=");
  const name = at < 0 ? nameAndValue : nameAndValue.slice(0, at);
  return { name: name.trim().toLowerCase(), value: at < 0 ? "" : withoutQuotes(nameAndValue.slice(at + 1).trim()) };
}

function withoutQuotes(word: string): string {
  return word.length > 1 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1) : word;
}

/** Splits at a character, but not inside of quoted strings, where a backslash escapes the next character. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
