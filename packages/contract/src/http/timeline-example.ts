import type { Examples } from "./endpoint.ts";

const terminal_id = "T12345678-T0001";
const path = `/v1/accounts/T12345678`;
const operation = { id: "019f1579-0b6c-7c41-9e0a-3f0a4f6f2b11", operation: "end_of_day" };

/** What an operations team sees when it asks what happened at 23:31. */
export const timelineExample: Examples = {
  around: {
    summary: "around=2026-06-29T23:31",
    value: {
      entries: [
        {
          id: "1782768718204.ended.019f1579-0b6c-7c41-9e0a-3f0a4f6f2b11",
          at: "2026-06-29T21:31:58.204Z",
          type: "operation_timed_out",
          text: "The close of the day had no answer within its time: the terminal had it, and did not say what came of it.",
          link: `${path}/payments/admin/terminals/operations/${operation.id}`,
          terminal_id,
          operation: {
            ...operation,
            status: "TIMEOUT",
            reason: "no_answer",
            phases: {
              accepted: "2026-06-29T21:28:58.204Z",
              dispatched: "2026-06-29T21:28:58.211Z",
              delivered: "2026-06-29T21:28:58.340Z",
            },
          },
        },
        {
          id: "1782768675020.presence.019f157a-5a8c-7b1e-8f2d-6a0f3d1c9e77",
          at: "2026-06-29T21:31:15.020Z",
          type: "terminal_offline",
          text: "The terminal went offline: its next message was 30 seconds overdue.",
          link: `${path}/terminals/${terminal_id}/presence/changes?at.gte=2026-06-29T21%3A31%3A15.020Z&at.lte=2026-06-29T21%3A31%3A15.020Z`,
          terminal_id,
        },
        {
          id: "1782768538204.accepted.019f1579-0b6c-7c41-9e0a-3f0a4f6f2b11",
          at: "2026-06-29T21:28:58.204Z",
          type: "operation_accepted",
          text: "Till 4 asked the terminal to close the day.",
          link: `${path}/payments/admin/terminals/operations/${operation.id}`,
          terminal_id,
          by: { id: "pos-4", name: "Till 4" },
          operation: {
            ...operation,
            status: "TIMEOUT",
            reason: "no_answer",
            phases: {
              accepted: "2026-06-29T21:28:58.204Z",
              dispatched: "2026-06-29T21:28:58.211Z",
              delivered: "2026-06-29T21:28:58.340Z",
            },
          },
        },
      ],
      starting_after: "1782768538204.accepted.019f1579-0b6c-7c41-9e0a-3f0a4f6f2b11",
      around: {
        asked: "2026-06-29T23:31",
        time_zone: "Europe/Oslo",
        instants: [{ at: "2026-06-29T21:31:00.000Z", local: "2026-06-29T23:31:00+02:00" }],
        text: "23:31 on 29 June 2026 in Europe/Oslo was 21:31 UTC.",
      },
    },
  },
};
