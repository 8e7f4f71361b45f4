import { hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { fieldsOf, type Resource } from "@tillkeeper/contract/http/resource";
import { ApiError, invalidRequest } from "../errors.ts";

/** Characters of a hash in a tag: 132 bits. */
const hashCharacters = 22;

/**
 * The entity tag of a resource (docs/adr/0033), made from what its answer shows: `"state"`, or `"state.rest"` where the answer
 * shows other resources, too. Fields that are not the resource's, for example a secret that is shown once, have no part in it.
 */
export function tagOf(resource: Resource, shown: object): string {
  const { beside = [], schema } = resource;
  const fields = new Set(fieldsOf(schema));
  // A union of objects has no list of fields: all are its own.
  const isOwn = (name: string) => !beside.includes(name) && (fields.size === 0 || fields.has(name));
  const state = digest(pick(shown, isOwn));
  return beside.length === 0 ? `"${state}"` : `"${state}.${digest(pick(shown, (name) => beside.includes(name)))}"`;
}

function digest(shown: object): string {
  return hash("sha256", JSON.stringify(shown), "base64url").slice(0, hashCharacters);
}

function pick(shown: object, isPicked: (name: string) => boolean): object {
  return Object.fromEntries(Object.entries(shown).filter(([name]) => isPicked(name)));
}

/** RFC 9110 section 8.8.3. */
const tagForm = /(W\/)?"([\x21\x23-\x7E\x80-\xFF]*)"/y;

const separator = /[\t ,]/;

interface Tag {
  weak: boolean;
  opaque: string;
}

type Condition = "if-match" | "if-none-match";

/** The tags of a header, or `*`. Undefined without the header. Throws `invalid_request`. */
function readTags(headers: IncomingHttpHeaders, name: Condition): readonly Tag[] | "*" | undefined {
  const text = headers[name]?.trim();
  if (text === undefined || text === "*") return text;
  const tags: Tag[] = [];
  let at = 0;
  while (at < text.length) {
    if (separator.test(text.charAt(at))) at += 1;
    else {
      tagForm.lastIndex = at;
      const found = tagForm.exec(text);
      if (!found || (tagForm.lastIndex < text.length && !separator.test(text.charAt(tagForm.lastIndex)))) {
        throw malformed(name);
      }
      tags.push({ weak: found[1] !== undefined, opaque: found[2] as string });
      at = tagForm.lastIndex;
    }
  }
  if (tags.length === 0) throw malformed(name);
  return tags;
}

/** An HTTP date, in any of its three forms, of which one does not name its zone (RFC 9110 section 5.6.7). */
function readDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text.trim().endsWith(" GMT") ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

/** Whether `If-None-Match` names the tag of the answer, by the weak comparison. Throws `invalid_request`. */
export function namesTag(headers: IncomingHttpHeaders, tag: string): boolean {
  return isNamed(readTags(headers, "if-none-match"), tag);
}

function isNamed(tags: readonly Tag[] | "*" | undefined, tag: string): boolean {
  return tags === "*" || (tags ?? []).some(({ opaque }) => `"${opaque}"` === tag);
}

function malformed(name: Condition): ApiError {
  return invalidRequest({ path: `/headers/${name}`, message: 'must be `*`, or tags in quotes: `"…", "…"`' });
}

/** What a request expects of the resource that it reads or changes: its conditions, and fields that it has sent back. */
export class Expectations {
  readonly #resource: Resource;
  readonly #match: readonly Tag[] | "*" | undefined;
  readonly #noneMatch: readonly Tag[] | "*" | undefined;
  readonly #unmodifiedSince: number | undefined;
  /** Fields of the body that may not have another value than the resource. */
  readonly #sentBack: Readonly<Record<string, unknown>>;
  /** Whether the resource was compared: a handler must not forget it. */
  checked = false;

  /** Throws `invalid_request` for a header that is no list of tags. */
  constructor(resource: Resource, headers: IncomingHttpHeaders, sentBack: Readonly<Record<string, unknown>> = {}) {
    this.#resource = resource;
    this.#match = readTags(headers, "if-match");
    this.#noneMatch = readTags(headers, "if-none-match");
    // Without effect beside If-Match, and if it is no date (RFC 9110 section 13.1.4).
    this.#unmodifiedSince = this.#match ? undefined : readDate(headers["if-unmodified-since"]);
    this.#sentBack = sentBack;
  }

  /** Whether anything depends on the resource as it is. */
  get any(): boolean {
    const conditions = [this.#match, this.#noneMatch, this.#unmodifiedSince];
    return conditions.some((one) => one !== undefined) || Object.keys(this.#sentBack).length > 0;
  }

  /**
   * Compares a resource that is there, as its GET shows it, before it is changed; call it in the transaction of the change, once
   * the row is locked. Fields of `beside` may be missing. Throws `precondition_failed`, `invalid_request`.
   */
  check(shown: object): void {
    this.checked = true;
    if (!this.any) return;
    const tag = this.#holds(shown);
    if (this.#noneMatch === "*" || (this.#noneMatch && names(this.#noneMatch, tag, { weakly: true }))) {
      throw failed("if-none-match", "It is there already; nothing was changed.", "names what is there");
    }
    const changed = Object.keys(this.#sentBack).filter(
      (name) => !isDeepStrictEqual(this.#sentBack[name], (shown as Record<string, unknown>)[name]),
    );
    if (changed.length > 0) throw invalidRequest(...changed.map(otherValue));
  }

  /** Whether the caller has this answer already: a read is then answered with 304. Throws `precondition_failed`. */
  isKnown(shown: object): boolean {
    this.checked = true;
    if (!this.any) return false;
    const tag = this.#holds(shown);
    return isNamed(this.#noneMatch, tag);
  }

  /** Evaluates what comes first (RFC 9110 section 13.2.2), and returns the tag. */
  #holds(shown: object): string {
    const tag = tagOf(this.#resource, shown);
    if (this.#match && this.#match !== "*" && !names(this.#match, tag, { weakly: false })) {
      const weak = this.#match.some((one) => one.weak) ? `; ${weakTags}` : "";
      throw failed("if-match", changedSince, `names no tag that is present${weak}`);
    }
    const updatedAt = Date.parse((shown as { updated_at?: string }).updated_at ?? "");
    if (this.#unmodifiedSince !== undefined && wholeSecond(updatedAt) > this.#unmodifiedSince) {
      throw failed("if-unmodified-since", changedSince, "is before the last change");
    }
    return tag;
  }
}

const weakTags = "a weak tag (`W/`) never matches, and a proxy that compresses answers makes them weak";
const changedSince = "It has changed since it was read: read it again, and send the change with the new `ETag`.";

/** HTTP dates have no fractions of a second. NaN for a resource without a date. */
function wholeSecond(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

/** Compares the part of the tags that names the resource's own state. */
function names(tags: readonly Tag[], tag: string, { weakly }: { weakly: boolean }): boolean {
  const state = stateOf(tag.slice(1, -1));
  return tags.some(({ weak, opaque }) => (weakly || !weak) && stateOf(opaque) === state);
}

function stateOf(opaque: string): string {
  return opaque.split(".")[0] as string;
}

function otherValue(name: string): ErrorDetail {
  return { path: `/body/${name}`, message: "cannot be changed here; leave it out, or send what is there" };
}

function failed(header: string, message: string, place: string): ApiError {
  return new ApiError("precondition_failed", message, { errors: [{ path: `/headers/${header}`, message: place }] });
}
