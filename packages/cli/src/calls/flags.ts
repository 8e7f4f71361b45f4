import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../failure.ts";
import { type CallFlag, type CallRow, kebab } from "./call.ts";

/** Flags that commands of calls have beside those of their endpoint: none of an endpoint may have such a name. */
export const ownFlags = [
  "profile",
  "account",
  "json",
  "body",
  "file",
  "output",
  "all",
  "wait",
  "as",
  "if-match",
  "idempotency-key",
  "help",
] as const;

/** What stands for null until the request is made: commander takes null for a flag without a value. */
const cleared = Symbol("null");

/** What commander has read, by the names of `attributeName`. */
export type Read = Readonly<Record<string, unknown>>;

/** The parts of a request that flags set. */
export interface Parts {
  query: Readonly<Record<string, unknown>>;
  body: unknown;
}

/** Gives a command a flag for each parameter of its endpoint. */
export function addFlags(command: Command, row: CallRow): void {
  for (const flag of [...(row.body ?? []), ...(row.query ?? [])]) {
    const name = `--${kebab(flag.name)}`;
    const about = aboutOf(flag);
    if (flag.kind === "boolean") {
      command.addOption(new Option(name, about));
      command.addOption(new Option(name.replace("--", "--no-"), "the opposite").hideHelp());
      continue;
    }
    const option = new Option(`${name} <${valueName(flag)}>`, about).argParser((text: string, before: unknown) =>
      read(flag, text, before),
    );
    command.addOption(option);
  }
}

/** Reads the flags that a command was given into the query and the body of its request. Throws `UsageError`. */
export function partsOf(row: CallRow, given: Read, body: unknown): Parts {
  const query: Record<string, unknown> = {};
  for (const flag of row.query ?? []) {
    const value = valueOf(flag, given);
    if (value !== undefined) query[flag.name] = value;
  }
  return { query, body: bodyOf(row.body ?? [], given, body) };
}

function bodyOf(flags: readonly CallFlag[], given: Read, whole: unknown): unknown {
  const set = flags.filter((flag) => given[keyOf(flag)] !== undefined);
  if (set.length > 0 && whole !== undefined && !isObject(whole)) {
    throw new UsageError("Beside flags, --body has to be a JSON object.");
  }
  const body: Record<string, unknown> = isObject(whole) ? { ...whole } : {};
  for (const flag of set) put(body, flag.name.split("."), valueOf(flag, given));
  if (whole !== undefined && !isObject(whole)) return whole;
  const missing = flags.filter(({ name, required }) => required && !(name in body));
  if (missing.length > 0) {
    throw new UsageError(`error: missing ${missing.map(({ name }) => `--${kebab(name)}`).join(", ")}`);
  }
  return flags.length > 0 ? body : undefined;
}

function put(target: Record<string, unknown>, [first = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = isObject(target[first]) ? { ...target[first] } : {};
  target[first] = inner;
  put(inner, rest, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueOf(flag: CallFlag, given: Read): unknown {
  const value = given[keyOf(flag)];
  return value === cleared ? null : value;
}

/** The key under which commander keeps a flag's value. */
function keyOf({ name }: CallFlag): string {
  return new Option(`--${kebab(name)} <value>`).attributeName();
}

function aboutOf({ about, choices, required, nullable }: CallFlag): string {
  const parts = [about, choices && `one of ${choices.join(", ")}`, nullable && "null clears it", required && "needed"];
  return parts.filter((part) => part !== undefined).join("; ");
}

function valueName({ kind, choices }: CallFlag): string {
  if (choices) return "word";
  if (kind === "number") return "n";
  return kind === "json" ? "json" : "text";
}

function read(flag: CallFlag, text: string, before: unknown): unknown {
  const { kind, choices, nullable } = flag;
  if (nullable && text === "null") return cleared;
  if (choices && !choices.includes(text)) throw new InvalidArgumentError(`It is one of ${choices.join(", ")}.`);
  if (kind === "texts") return [...((before as string[] | undefined) ?? []), text];
  if (kind === "number") return number(text);
  return kind === "json" ? json(text) : text;
}

function number(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It is a number.");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("It is JSON.");
  }
}
