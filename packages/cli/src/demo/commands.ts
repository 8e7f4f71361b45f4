import type { Operation } from "@tillkeeper/contract/http/operations";
import { type EndOfDayResult, operationKinds, operationNames } from "@tillkeeper/contract/operations";
import { formatAmount } from "../money.ts";
import { checkCompleted, type DemoContext, sendAccepted, waitForEnd } from "./demo-context.ts";
import type { StepChecks } from "./step-checks.ts";

/** Plays each kind of operation, one after the other, to its end. */
export async function playCommands(context: DemoContext, terminalId: string): Promise<void> {
  for (const operation of operationNames) {
    await context.steps.step(
      `${operationKinds[operation].title} (${operation})`,
      "201 PENDING, then COMPLETED",
      async (checks) => {
        const sent = await sendAccepted(context, checks, { terminal_id: terminalId, operation });
        const accepted = `${context.last().status} ${sent.status}`;
        const ended = await waitForEnd(context, checks, sent);
        checkCompleted(checks, ended);
        checks.note(describe(ended.result, checks));
        return `${accepted}, then ${ended.status}`;
      },
    );
  }
}

/** The result of an operation in a few words. */
function describe(result: Operation["result"], checks: StepChecks): string {
  if (!result) return "no result";
  if ("batch_id" in result) return describeDay(result, checks);
  if ("log_id" in result) return `${result.size} bytes, sha256 ${result.sha256.slice(0, 8)}…`;
  if ("opened" in result) return result.opened ? "opened" : "not opened";
  if ("update_available" in result) {
    return result.update_available
      ? `${result.latest_version} is there, ${result.current_version} runs`
      : `${result.current_version} is the latest`;
  }
  return JSON.stringify(result);
}

function describeDay(day: EndOfDayResult, checks: StepChecks): string {
  const { purchases_amount = 0, reversals_amount = 0, tip_amount = 0, sale_amount = 0, currency = "NOK" } = day;
  checks.equal("outcome", day.outcome, "accepted");
  checks.equal("sale_amount", sale_amount, purchases_amount - tip_amount - reversals_amount);
  const money = (minorUnits: number) => formatAmount(minorUnits, currency);
  return `sales ${money(sale_amount)}, ${day.purchases_count} purchases, ${day.reversals_count} reversals, tips ${money(tip_amount)}`;
}
