import type { Messages } from "./messages.ts";
import type { DownChannel, UpChannel } from "./topics.ts";

const close = "9d0f3c55-27c4-4f0e-8f0e-6a3f1d2b7c10";
const operation_id = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";
const origin = { request: "kq3bF7ZC", signed: "WyJUMTIzIl0" };
const session = "8d2f6c1e-5a0b-4c55-9d53-0d6a3c9b7e11.3";
const memory = { number: 6, id: operation_id };
const probe_id = "0f6f5e0e-9a55-4a0b-8a2f-6b7f0c7f3d10";

/** Examples of each message, which the documents of the protocol print. */
export const messageExamples: { readonly [Channel in UpChannel | DownChannel]: readonly Messages[Channel][] } = {
  hello: [
    {
      protocol: 1,
      agent: "acme-pay/7.3.0",
      sent_at: "2026-06-29T09:00:00.120Z",
      session,
      operations: [{ operation_id, phase: "started" }],
    },
  ],
  welcome: [
    {
      protocol: 1,
      server_time: "2026-06-29T09:00:00.185Z",
      hello_sent_at: "2026-06-29T09:00:00.120Z",
      heartbeat_seconds: 30,
      memory: { number: 5, id: close },
    },
  ],
  command: [
    {
      operation_id,
      operation: "end_of_day",
      parameters: { operator_id: "Kari" },
      created_at: "2026-06-29T09:00:05.000Z",
      expires_at: "2026-06-29T09:03:05.000Z",
      sent_at: "2026-06-29T09:00:05.004Z",
      previous_close: close,
      origin,
    },
  ],
  delivered: [{ operation_id, received_at: "2026-06-29T09:00:05.020Z" }],
  started: [{ operation_id, started_at: "2026-06-29T09:00:05.050Z" }],
  result: [
    {
      number: 6,
      operation_id,
      operation: "end_of_day",
      status: "COMPLETED",
      started_at: "2026-06-29T09:00:05.050Z",
      finished_at: "2026-06-29T09:00:07.300Z",
      result: {
        outcome: "accepted",
        batch_id: "118",
        purchases_count: 31,
        purchases_amount: 1_204_550,
        currency: "NOK",
      },
      origin,
    },
    {
      number: 9,
      operation_id: "5b1f2f0c-9a0e-4c3e-b1a5-0b8f2e6d7c21",
      operation: "end_of_day",
      status: "FAILED",
      finished_at: "2026-06-29T21:00:05.300Z",
      reason: "out_of_step",
      last_close: "c7d5a1d2-0f58-4c39-9a3b-7f1f2a6e9b04",
      origin: { request: "m2xdR0aE", signed: "WyJUMTIzIl0" },
    },
  ],
  receipt: [{ operation_id, status: "COMPLETED", memory }],
  memory: [{ memory }],
  cancel: [
    {
      operation_id,
      operation: "end_of_day",
      created_at: "2026-06-29T09:00:05.000Z",
      expires_at: "2026-06-29T09:03:05.000Z",
      previous_close: close,
      origin,
    },
  ],
  cancel_refused: [{ operation_id }],
  rejection: [{ channel: "result", operation_id, errors: [{ path: "/result/opened", message: "must be boolean" }] }],
  heartbeat: [
    {
      session,
      sent_at: "2026-06-29T09:00:00.200Z",
      round_trip_ms: 64,
      memory,
      telemetry: { software_version: "7.3.0", battery: { percent: 81, charging: false }, printer: "ok" },
    },
    {
      session,
      sent_at: "2026-06-29T09:00:31.100Z",
      memory,
      telemetry: {
        open_batch: {
          transactions_count: 32,
          oldest_at: "2026-06-28T20:40:17Z",
          currencies: [{ currency: "NOK", purchases_count: 31, purchases_amount: 1_204_550, reversals_count: 1 }],
        },
      },
    },
  ],
  goodbye: [{ session }],
  gone: [{ session }],
  probe: [{ probe_id, sent_at: "2026-06-29T09:01:00.000Z" }],
  probe_answer: [{ probe_id }],
};
