import { type Static, Type } from "typebox";
import { Time } from "../scalars.ts";
import { scopes } from "../scopes.ts";
import { Duration } from "./durations.ts";
import { endpoint } from "./endpoint.ts";
import { sandboxRequestEndpoints } from "./sandbox-requests.ts";
import { sandboxTerminalEndpoints } from "./sandbox-terminals.ts";

/** How many seconds of business time pass in a second. */
const Rate = Type.Integer({
  minimum: 1,
  maximum: 1_000,
  description: "Seconds of business time that pass in a second; 1 is usual.",
});

/** The clock of a sandbox (D38). */
export const SandboxClock = Type.Object({
  now: { ...Time, description: "Business time: of business days, deadlines, retention, and times in answers." },
  real_now: { ...Time, description: "Real time: of tokens, pairing codes and presence. Nothing moves it." },
  rate: Rate,
});
export type SandboxClock = Static<typeof SandboxClock>;

export const SandboxClockChange = Type.Object(
  {
    set_to: Type.Optional({ ...Time, description: "Move business time to this instant, which must be ahead of it." }),
    advance: Type.Optional(
      Duration({
        description: "Move business time ahead by this much: an ISO 8601 duration of days, hours, minutes and seconds.",
        example: "PT8H",
      }),
    ),
    rate: Type.Optional(Rate),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    examples: [{ advance: "PT8H" }],
  },
);
export type SandboxClockChange = Static<typeof SandboxClockChange>;

const SandboxReset = Type.Object({
  store_ids: Type.Array(Type.String()),
  terminal_ids: Type.Array(Type.String(), {
    description: "The same ids as in a new sandbox, or as in the snapshot. The terminals connect within moments.",
  }),
});
export type SandboxReset = Static<typeof SandboxReset>;

const SandboxSnapshot = Type.Object({
  taken_at: Time,
  store_ids: Type.Array(Type.String()),
  terminal_ids: Type.Array(Type.String()),
});
export type SandboxSnapshot = Static<typeof SandboxSnapshot>;

const tag = "Sandbox";

export const sandboxEndpoints = {
  readClock: endpoint({
    method: "GET",
    path: "/v1/sandbox/clock",
    scopes,
    id: "sandbox_clock_get",
    summary: "What time it is in this sandbox",
    tag,
    answers: { 200: SandboxClock },
    errors: ["not_found"],
  }),
  moveClock: endpoint({
    method: "PUT",
    path: "/v1/sandbox/clock",
    scopes,
    id: "sandbox_clock_put",
    summary: "Move this sandbox's time ahead, or let it run faster; it never goes back",
    tag,
    body: SandboxClockChange,
    answers: { 200: SandboxClock },
    errors: ["not_found", "clock_cannot_go_back", "clock_is_real"],
    examples: {
      request: {
        a_night: { summary: "Eight hours later", value: { advance: "PT8H" } },
        before_closing: {
          summary: "A minute before the day is closed",
          value: { set_to: "2026-06-29T23:29:00+02:00" },
        },
        fast: { summary: "A minute each second", value: { rate: 60 } },
      },
    },
  }),
  reset: endpoint({
    method: "POST",
    path: "/v1/sandbox/reset",
    scopes,
    id: "sandbox_reset_post",
    summary:
      "Take the account back to its snapshot, or else to what a new sandbox has; clients, tokens and the audit log stay",
    tag,
    answers: { 200: SandboxReset },
    errors: ["not_found"],
  }),
  takeSnapshot: endpoint({
    method: "PUT",
    path: "/v1/sandbox/snapshot",
    scopes,
    id: "sandbox_snapshot_put",
    summary: "Let a reset take the account back to the stores and terminals that it has now",
    tag,
    answers: { 200: SandboxSnapshot },
    errors: ["not_found", "snapshot_too_large"],
  }),
  forgetSnapshot: endpoint({
    method: "DELETE",
    path: "/v1/sandbox/snapshot",
    scopes,
    id: "sandbox_snapshot_delete",
    summary: "Let a reset take the account back to what a new sandbox has",
    tag,
    answers: { 204: Type.Null() },
    errors: ["not_found"],
  }),
  ...sandboxRequestEndpoints,
  ...sandboxTerminalEndpoints,
};
