import { Type } from "typebox";

export const Uuid = Type.String({ format: "uuid" });
/** An instant, with its distance from UTC. */
export const Time = Type.String({ format: "date-time" });
/** A few words. */
export const Text = Type.String({ minLength: 1, maxLength: 255 });
