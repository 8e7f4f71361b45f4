import { type Static, type TProperties, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { ActivationStatus } from "../activations.ts";
import { Time, Uuid } from "../scalars.ts";
import { readOperations, writeOperations } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { LinkedListQuery } from "./paging.ts";
import { PathId } from "./params.ts";
import { withoutSdkMethods } from "./sdk-methods.ts";

/** Activations over HTTP, field by field as the public reference shows them. */
export const Activation = Type.Object({
  id: Uuid,
  terminal_id: Type.String({ examples: ["P11223351-T0013"] }),
  store_id: Type.String({ description: "The store that the terminal belonged to when the activation began." }),
  status: ActivationStatus,
  attempt: Type.Integer({ minimum: 0, description: "How many times the device was asked so far." }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  account_id: Type.String(),
});
export type Activation = Static<typeof Activation>;

export const ActivationList = Type.Array(Activation);
export type ActivationList = Static<typeof ActivationList>;

const tag = "Terminal activations";

/** The documented endpoints under one of their two bases. The base without an account takes it from the token (D20). */
function activationsAt<const Base extends string, OfBase extends TProperties>(
  base: Base,
  ofBase: OfBase,
  idPrefix: string,
) {
  const path = `${base}/admin/terminals/:terminal_id/activations` as const;
  const params = Type.Object({ ...ofBase, terminal_id: PathId });
  return {
    create: endpoint({
      method: "POST",
      path,
      scopes: writeOperations,
      id: `${idPrefix}admin_terminals_terminal_id_activations_post`,
      summary: "Start to activate a terminal",
      tag,
      params,
      answers: { 201: Activation },
      errors: ["terminal_not_found", "activation_running"],
    }),
    list: endpoint({
      method: "GET",
      path,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_terminal_id_activations_get`,
      summary: "List a terminal's activations, newest first",
      tag,
      params,
      query: LinkedListQuery,
      answers: { 200: ActivationList },
      errors: ["terminal_not_found"],
      headers: ["link"],
    }),
  };
}

export const activationEndpoints = activationsAt("/v1/accounts/:aid/payments", { aid: AccountId }, "account_");
/** The endpoints at the base without an account. */
export const activationEndpointsByToken = withoutSdkMethods(activationsAt("/v1", {}, ""), "the SDK names the account");
