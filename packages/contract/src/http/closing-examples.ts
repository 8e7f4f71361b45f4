import { closingSteps } from "../closings/states.ts";
import type { Examples } from "./endpoint.ts";

export const closingRequests: Examples = {
  close: { summary: "Close the running day, on every terminal", value: {} },
  with_the_till: {
    summary: "Compare with the till's own figures",
    value: { expected: [{ currency: "NOK", purchases_count: 58, sale_amount: 2_412_300 }] },
  },
  yesterday: {
    summary: "Make up a day that was missed, with one try for each terminal",
    value: { business_day: "2026-06-28", retry_until: "2026-06-29T05:00:00Z" },
  },
  one_more: { summary: "Close one terminal once more", value: { terminals: ["P11223351-T0014"], again: true } },
};

const step = (name: keyof typeof closingSteps) => ({
  retryable: closingSteps[name].retryable,
  next_step: name,
  next_step_text: closingSteps[name].text,
});

export const closingExample: Examples = {
  running: {
    summary: "One terminal is closed, one failed, and one is away",
    value: {
      id: "01973f2e-6b1c-7d44-9a51-3c8e5f0a7b21",
      account_id: "P11223351",
      store_id: "S312",
      business_day: "2026-06-29",
      day_starts_at: "2026-06-29T03:00:00Z",
      day_ends_at: "2026-06-30T03:00:00Z",
      time_zone: "Europe/Oslo",
      state: "running",
      text: "1 of 3 terminals is closed; 1 is waiting, 1 is not closed.",
      counts: { closed: 1, already_closed: 0, waiting: 1, failed: 1, unknown: 0, not_needed: 0 },
      totals: [
        {
          currency: "NOK",
          exponent: 2,
          batches_count: 1,
          purchases_count: 31,
          purchases_amount: 1_204_550,
          reversals_count: 1,
          reversals_amount: 14_900,
          sale_amount: 1_189_650,
          tip_amount: 0,
        },
      ],
      created_at: "2026-06-29T21:00:00Z",
      created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
      asked_at: "2026-06-29T21:00:00Z",
      retry_until: "2026-06-30T03:00:00Z",
      terminals: [
        {
          terminal_id: "P11223351-T0013",
          state: "closed",
          close: {
            id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
            status: "COMPLETED",
            created_at: "2026-06-29T21:00:00Z",
            created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
            result: {
              outcome: "accepted",
              batch_id: "118",
              purchases_count: 31,
              purchases_amount: 1_204_550,
              reversals_count: 1,
              reversals_amount: 14_900,
              sale_amount: 1_189_650,
              tip_amount: 0,
              currency: "NOK",
            },
          },
          operations: ["3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c"],
          open_batch: { transactions_count: 0, since: "2026-06-29T21:00:08Z" },
        },
        {
          terminal_id: "P11223351-T0014",
          state: "failed",
          reason: "user_aborted",
          ...step("ask_at_terminal"),
          close: {
            id: "7c0e2f51-1b3a-4c8d-8f2e-6a9d4b5c7e10",
            status: "FAILED",
            created_at: "2026-06-29T21:00:00Z",
            created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
            reason: "user_aborted",
          },
          operations: ["7c0e2f51-1b3a-4c8d-8f2e-6a9d4b5c7e10"],
        },
        {
          terminal_id: "P11223351-T0015",
          state: "waiting",
          reason: "away",
          ...step("bring_back"),
          operations: [],
        },
      ],
    },
  },
};
