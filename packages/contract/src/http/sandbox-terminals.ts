import { type Static, Type } from "typebox";
import { EndOfDayResult } from "../operations.ts";
import { Time, Uuid } from "../scalars.ts";
import { scopes } from "../scopes.ts";
import { simulatedFaultNames } from "../simulated-faults.ts";
import { OpenBatch, Telemetry } from "../telemetry.ts";
import { Duration } from "./durations.ts";
import { endpoint } from "./endpoint.ts";
import { PathId } from "./params.ts";
import { takesBack } from "./sent-back.ts";

/** Settings of a running virtual terminal. A setting that is left out follows from its serial number. */
export const TerminalControls = Type.Object(
  {
    fault: Type.Optional(
      Type.Enum([...simulatedFaultNames, "none"], {
        description:
          "The fault of all its operations, in place of its serial number's; `none`: it is healthy. An operation with " +
          "`simulate:…` still has its own.",
      }),
    ),
    link: Type.Optional(Type.Enum(["up", "down"], { description: "`down`: it has no network." })),
    payment: Type.Optional(Type.Boolean({ description: "A payment is going on." })),
    printer: Type.Optional(Type.Unsafe<NonNullable<Telemetry["printer"]>>(Telemetry.properties.printer)),
    battery: Type.Optional(Type.Unsafe<NonNullable<Telemetry["battery"]>>(Telemetry.properties.battery)),
  },
  { additionalProperties: false },
);
export type TerminalControls = Static<typeof TerminalControls>;

const Until = Type.Optional({
  ...Time,
  description: "Business time at which all of it ends by itself; left out, never.",
});

export const SandboxTerminal = Type.Object({
  terminal_id: Type.String(),
  ...TerminalControls.properties,
  until: Until,
  in_force: Type.Boolean({ description: "Whether the terminal behaves so by now. It does within moments of running." }),
  open_batch: Type.Optional({
    ...OpenBatch,
    description: "What the terminal has told last of the batch that it has not closed.",
  }),
});
export type SandboxTerminal = Static<typeof SandboxTerminal>;

const SandboxTerminalInput = Type.Object(
  {
    ...TerminalControls.properties,
    for: Type.Optional(
      Duration({
        description: "How long, of business time; then all is as usual again. Or give `until`.",
        example: "PT2M",
      }),
    ),
    until: Until,
  },
  { additionalProperties: false, examples: [{ fault: "no_answer", for: "PT2M" }] },
);
export type SandboxTerminalChange = Static<typeof SandboxTerminalInput>;
export const SandboxTerminalChange = takesBack(SandboxTerminalInput, SandboxTerminal);

const amountsMax = 1_000_000_000_000;
const Amount = Type.Integer({
  minimum: 1,
  maximum: amountsMax,
  description: "In minor units of NOK, a tip included.",
  examples: [12_900],
});

export const SandboxPurchase = Type.Object(
  {
    amount: Amount,
    tip: Type.Optional(
      Type.Integer({ minimum: 0, maximum: amountsMax, description: "How much of the amount is a tip; at most all." }),
    ),
  },
  { additionalProperties: false, examples: [{ amount: 12_900, tip: 900 }] },
);
export type SandboxPurchase = Static<typeof SandboxPurchase>;

export const SandboxRefund = Type.Object(
  { amount: { ...Amount, description: "What is paid back, in minor units of NOK." } },
  { additionalProperties: false, examples: [{ amount: 4_900 }] },
);

const HappenedAt = Type.Optional({
  ...Time,
  description: "When it happened, by the terminal's clock. Left out with 202: no server runs the terminal yet.",
});

export const SandboxTrade = Type.Object({
  id: Uuid,
  kind: Type.Enum(["purchase", "refund"]),
  amount: Type.Integer(),
  tip: Type.Integer(),
  happened_at: HappenedAt,
});
export type SandboxTrade = Static<typeof SandboxTrade>;

export const SandboxClose = Type.Object({
  id: Uuid,
  happened_at: HappenedAt,
  result: Type.Optional({
    ...EndOfDayResult,
    description: "What the terminal closed. It tells the server by itself, as an operation of `terminal:…`.",
  }),
});
export type SandboxClose = Static<typeof SandboxClose>;

const tag = "Sandbox";
const path = "/v1/sandbox/terminals/:terminal_id";
const common = { scopes, tag, params: Type.Object({ terminal_id: PathId }) } as const;
const errors = ["not_found", "terminal_not_found"] as const;

/** Controls of a sandbox's virtual terminals. */
export const sandboxTerminalEndpoints = {
  readTerminal: endpoint({
    ...common,
    method: "GET",
    path,
    id: "sandbox_terminals_id_get",
    summary: "How a virtual terminal is made to behave",
    answers: { 200: SandboxTerminal },
    errors,
  }),
  controlTerminal: endpoint({
    ...common,
    method: "PUT",
    path,
    id: "sandbox_terminals_id_put",
    summary: "Make a virtual terminal behave: faults, network, payment, paper, battery (202: not in force yet)",
    body: SandboxTerminalChange,
    answers: { 200: SandboxTerminal, 202: SandboxTerminal },
    errors,
    examples: {
      request: {
        fault: { summary: "No answers for two minutes", value: { fault: "no_answer", for: "PT2M" } },
        offline: { summary: "No network until it is put back", value: { link: "down" } },
        usual: { summary: "All as usual again", value: {} },
      },
    },
  }),
  purchase: endpoint({
    ...common,
    method: "POST",
    path: `${path}/purchases`,
    id: "sandbox_terminals_id_purchases_post",
    summary: "Put a purchase into the open batch (202: it follows once the terminal runs)",
    body: SandboxPurchase,
    answers: { 201: SandboxTrade, 202: SandboxTrade },
    errors,
  }),
  refund: endpoint({
    ...common,
    method: "POST",
    path: `${path}/refunds`,
    id: "sandbox_terminals_id_refunds_post",
    summary: "Put a refund into the open batch (202: it follows once the terminal runs)",
    body: SandboxRefund,
    answers: { 201: SandboxTrade, 202: SandboxTrade },
    errors,
  }),
  close: endpoint({
    ...common,
    method: "POST",
    path: `${path}/closes`,
    id: "sandbox_terminals_id_closes_post",
    summary: "Close the day at the terminal's own menu (202: it follows once the terminal runs)",
    answers: { 201: SandboxClose, 202: SandboxClose },
    errors: [...errors, "close_under_way"],
  }),
};
