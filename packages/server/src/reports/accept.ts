import { csvType, htmlType } from "@tillkeeper/contract/http/closing-reports";
import { type Language, languageOfCountry, languageOfTag } from "@tillkeeper/words/languages";
import type { FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import { ApiError } from "../platform/errors.ts";

const offered = ["application/json", csvType, htmlType] as const;
export type OfferedType = (typeof offered)[number];

/** The type that `Accept` prefers; JSON where it has no preference. Throws `not_acceptable`. */
export function typeOf(request: FastifyRequest): OfferedType {
  const [type] = new Negotiator(request).mediaTypes([...offered]);
  if (type === undefined) throw new ApiError("not_acceptable", `It comes as ${offered.join(", ")}.`);
  return type as OfferedType;
}

/** The language that was asked for, or that `Accept-Language` prefers, or that of the country. */
export function languageOf(request: FastifyRequest, asked: Language | undefined): (country: string | null) => Language {
  const preferred = asked ?? new Negotiator(request).languages().flatMap((tag) => languageOfTag(tag) ?? [])[0];
  return (country) => preferred ?? languageOfCountry(country ?? undefined);
}
