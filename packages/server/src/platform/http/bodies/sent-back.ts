import { unchangedKeyword } from "@tillkeeper/contract/http/sent-back";
import type { TSchema } from "typebox";

/**
 * Removes the read-only fields from a body, at every depth, before it is validated: nothing behind it sees them. Returns those that
 * may not have another value than the resource.
 */
export type TakeBack = (body: unknown) => Record<string, unknown>;

interface Shape {
  properties?: Record<string, Shape>;
  items?: Shape;
  anyOf?: Shape[];
  readOnly?: boolean;
  [unchangedKeyword]?: boolean;
}

/** For a body's schema; undefined for one without read-only fields. */
export function takeBackOf(schema: TSchema): TakeBack | undefined {
  const remove = removerOf(schema);
  if (!remove) return undefined;
  const fixed = Object.entries((schema as Shape).properties ?? {}).flatMap(([name, field]) =>
    field[unchangedKeyword] ? [name] : [],
  );
  return (body) => {
    const sent = isRecord(body)
      ? Object.fromEntries(fixed.filter((name) => Object.hasOwn(body, name)).map((name) => [name, body[name]]))
      : {};
    remove(body);
    return sent;
  };
}

type Remove = (value: unknown) => void;

/** Undefined where there is nothing to remove. */
function removerOf({ properties = {}, items, anyOf = [] }: Shape): Remove | undefined {
  const readOnly = Object.keys(properties).filter((name) => properties[name]?.readOnly);
  const inside = Object.entries(properties).flatMap(([name, field]) => {
    const remove = removerOf(field);
    return remove ? [[name, remove] as const] : [];
  });
  const ofItems = items && removerOf(items);
  const ofMembers = anyOf.map(removerOf).filter((remove) => remove !== undefined);
  if (readOnly.length + inside.length + ofMembers.length === 0 && !ofItems) return undefined;
  return (value) => {
    if (Array.isArray(value)) value.forEach((item) => ofItems?.(item));
    if (!isRecord(value)) return;
    for (const name of readOnly) delete value[name];
    for (const [name, remove] of inside) remove(value[name]);
    for (const remove of ofMembers) remove(value);
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
