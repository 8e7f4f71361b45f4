import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import { type OperationName, type OperationResults, operationWords } from "@tillkeeper/contract/operations";
import { plural } from "./words.ts";

/** The fields of results that sentences tell, over all kinds of operation. */
type Told = Partial<OperationResults["end_of_day"] & OperationResults["check_update"] & OperationResults["open_menu"]>;

/** What a terminal did, and when, if that is to be told: the rest of a sentence that begins with the terminal. */
export function doneInWords(operation: OperationName, result: unknown, when?: string): string {
  const told = (result ?? {}) as Told;
  const then = when === undefined ? "" : ` ${when}`;
  if (told.outcome === "declined") {
    return `asked its payment host to ${operationWords[operation].todo}, which declined${then} (${batchWords(told)})`;
  }
  if (told.opened === false) return `answered${then} that it is not open`;
  return `${operationWords[operation].done}${then}${detailsOf(told)}`;
}

function detailsOf(told: Told): string {
  if (told.outcome !== undefined) {
    const doubt = told.outcome === "unconfirmed" ? ", but does not know what its payment host says of it" : "";
    return ` (${batchWords(told)})${doubt}`;
  }
  const { current_version: current, latest_version: latest, update_available: isThere } = told;
  if (current === undefined) return "";
  return `: ${isThere ? `version ${latest} is available` : "there is none"}; it runs version ${current}`;
}

function batchWords({ batch_id: batch, purchases_count: count }: Told): string {
  return `batch ${batch}${count === undefined ? "" : `, ${plural(count, "purchase")}`}`;
}

/** Why an operation ended without being carried out: the rest of a sentence, behind a colon. */
export const reasonWords: Record<OperationReason, string> = {
  unreachable: "the terminal was not connected, so the command could not be sent",
  not_delivered: "the command was sent, and the terminal did not confirm that it has it",
  no_answer: "the terminal had it, and did not say what came of it",
  invalid_result: "the terminal answered, and its answer could not be read",
  busy_payment: "a payment was going on",
  refused: "the terminal would not do it then",
  unsupported: "the terminal cannot do it",
  user_aborted: "somebody at the terminal stopped it",
  device_error: "something at the terminal broke",
  host_unreachable: "the terminal could not reach its payment host, or a server with a file",
  cancelled: "it was cancelled",
  expired: "the command reached the terminal too late",
  out_of_step: "the terminal had closed a batch that was not known here",
  storage_failed: "the terminal has no room to store it",
};
