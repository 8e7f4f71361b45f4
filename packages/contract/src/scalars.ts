import { Type } from "typebox";

export const Uuid = Type.String({ format: "uuid" });
/** An instant, with its distance from UTC. */
export const Time = Type.String({ format: "date-time" });
/** A few words. */
export const Text = Type.String({ minLength: 1, maxLength: 255 });

/** The two ends of a span of time in a query, both within the span. */
export const SpanStart = Type.String({ format: "date-time", description: "From this time on." });
export const SpanEnd = Type.String({
  format: "date-time",
  description:
    "Up to this time, and with it. A time without a fraction means its whole second, so it finds what shows it.",
});
