import type { Operation } from "@tillkeeper/contract/http/operations";
import { type EndOfDayResult, operationKinds, operationNames } from "@tillkeeper/contract/operations";
import type { Facts } from "./facts.ts";
import { checkCompleted, type Scene, sendAccepted, waitForEnd } from "./scene.ts";

/** Plays each kind of operation, one after the other, to its end. */
export async function playCommands(scene: Scene, terminalId: string): Promise<void> {
  for (const operation of operationNames) {
    await scene.stage.step(
      `${operationKinds[operation].title} (${operation})`,
      "201 PENDING, then COMPLETED",
      async (facts) => {
        const sent = await sendAccepted(scene, facts, { terminal_id: terminalId, operation });
        const accepted = `${scene.last().status} ${sent.status}`;
        const ended = await waitForEnd(scene, facts, sent);
        checkCompleted(facts, ended);
        facts.note(describe(ended.result, facts));
        return `${accepted}, then ${ended.status}`;
      },
    );
  }
}

/** The result of an operation in a few words. */
function describe(result: Operation["result"], facts: Facts): string {
  if (!result) return "no result";
  if ("batch_id" in result) return describeDay(result, facts);
  if ("log_id" in result) return `${result.size} bytes, sha256 ${result.sha256.slice(0, 8)}…`;
  if ("opened" in result) return result.opened ? "opened" : "not opened";
  if ("update_available" in result) {
    return result.update_available
      ? `${result.latest_version} is there, ${result.current_version} runs`
      : `${result.current_version} is the latest`;
  }
  return JSON.stringify(result);
}

function describeDay(day: EndOfDayResult, facts: Facts): string {
  const { purchases_amount = 0, reversals_amount = 0, tip_amount = 0, sale_amount = 0, currency = "NOK" } = day;
  facts.equal("outcome", day.outcome, "accepted");
  facts.equal("sale_amount", sale_amount, purchases_amount - tip_amount - reversals_amount);
  const money = moneyFormat(currency);
  return `sales ${money(sale_amount)}, ${day.purchases_count} purchases, ${day.reversals_count} reversals, tips ${money(tip_amount)}`;
}

/** Formats minor units, whose number of digits depends on the currency. */
function moneyFormat(currency: string): (minorUnits: number) => string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return (minorUnits) => format.format(minorUnits / 10 ** digits);
}
