import { type AnswerHeader, answerHeaders } from "@tillkeeper/contract/http/headers";
import { withType } from "./schemas.ts";

export function headersOf(names: readonly AnswerHeader[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The headers that answers refer to. */
export function headerComponents(): object {
  const shown = Object.entries(answerHeaders).map(([name, header]) => {
    const { description, ...schema } = header as { description?: string };
    return [name, { description, schema: withType(schema) }];
  });
  return Object.fromEntries(shown);
}
