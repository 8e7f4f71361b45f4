import { type Static, Type } from "typebox";
import { ActivationStatus } from "../activations.ts";

/** Activations over HTTP, field by field as the public reference shows them. */
export const Activation = Type.Object({
  id: Type.String({ format: "uuid" }),
  terminal_id: Type.String({ examples: ["P11223351-T0013"] }),
  store_id: Type.String({ description: "The store that the terminal belonged to when the activation began." }),
  status: ActivationStatus,
  attempt: Type.Integer({ minimum: 0, description: "How often the device was asked so far." }),
  created_at: Type.String({ format: "date-time" }),
  created_by: Type.String(),
  updated_at: Type.String({ format: "date-time" }),
  updated_by: Type.String(),
  account_id: Type.String(),
});
export type Activation = Static<typeof Activation>;

export const ActivationList = Type.Array(Activation);
export type ActivationList = Static<typeof ActivationList>;
