import type { NewEvent } from "../../events/write.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { showClosingStep } from "../reading/present.ts";
import type { DayStands } from "./open-terminals.ts";

/** The name under which the autopilot acts. No client may have it. */
export const autopilotActor = "autopilot";

const consequence = "The sales of this day stay in the terminals' open batches; the money comes later.";
const nextStep = "close_the_day";

interface Missed extends DayStands {
  plan: ClosingPlan;
  day: string;
  /** When it was to be closed, and until when. */
  at: Date;
  until: Date;
  /** A server tried to close the day; false: none ran at the time, or the clock jumped over it. */
  tried: boolean;
}

/** The event of a day that was not closed by itself in its time. */
export function missedEvent({ plan, day, closing, members, open, at, until, tried }: Missed, now: Date): NewEvent {
  const count = `${open.length} of ${members.length} terminal${members.length === 1 ? "" : "s"}`;
  const isOpen = `${count} ${open.length === 1 ? "is" : "are"} not closed`;
  const why = tried
    ? `The time to close it is over, and ${isOpen}.`
    : `Nobody closed it: no server ran at the time, or the clock was moved past it. ${isOpen}.`;
  return {
    accountId: plan.accountId,
    type: "store_closing_missed",
    cause: tried ? "not_closed" : "not_tried",
    at: now,
    subject: plan.storeRef,
    storeRef: plan.storeRef,
    actor: autopilotActor,
    data: {
      store_id: plan.storeId,
      business_day: day,
      ...(closing && { closing_id: closing.id }),
      reason: tried ? "not_closed" : "not_tried",
      text: `The business day ${day} was missed. ${why} ${consequence}`,
      due_at: documentedTime(at),
      tried_until: documentedTime(until),
      retryable: true,
      next_step: nextStep,
      next_step_text: `Close the store with \`business_day\` ${day}: POST /v1/accounts/${plan.accountId}/stores/${plan.storeId}/closings.`,
      terminals: open.map(({ row, standing }) => ({
        terminal_id: row.terminal_id,
        ...(closing && { state: standing.state }),
        ...(standing.reason !== undefined && { reason: standing.reason }),
        // Without a closing nothing goes on by itself.
        ...showClosingStep(closing && standing.step !== undefined ? standing : { step: nextStep }),
      })),
    },
  };
}
