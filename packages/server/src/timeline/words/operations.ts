import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { CheckUpdateResult, EndOfDayResult, OpenMenuResult, OperationName } from "@tillkeeper/contract/operations";
import { plural } from "./words.ts";

/** The operations as what somebody asks for, and as a thing. */
export const operationWords: Record<OperationName, { todo: string; noun: string }> = {
  end_of_day: { todo: "close the day", noun: "close of the day" },
  send_logs: { todo: "send its logs", noun: "sending of logs" },
  check_update: { todo: "check for an update", noun: "check for an update" },
  open_menu: { todo: "open its menu", noun: "opening of the menu" },
};

/** The rest of a sentence that begins with the terminal, by its result and when that was. */
const done: Record<OperationName, (result: unknown, then: string) => string> = {
  end_of_day: (result, then) => closeInWords(result as Partial<EndOfDayResult>, then),
  send_logs: (_, then) => `sent its logs${then}`,
  check_update: (result, then) => updateInWords(result as Partial<CheckUpdateResult>, then),
  open_menu: (result, then) =>
    (result as Partial<OpenMenuResult> | null)?.opened === false
      ? `answered${then} that its menu is not open`
      : `opened its menu${then}`,
};

/** What a terminal did, and when, if that is to be told: the rest of a sentence that begins with the terminal. */
export function doneInWords(operation: OperationName, result: unknown, when?: string): string {
  return done[operation](result ?? {}, when === undefined ? "" : ` ${when}`);
}

function closeInWords(
  { outcome, batch_id: batch, purchases_count: count }: Partial<EndOfDayResult>,
  then: string,
): string {
  const what = `batch ${batch}${count === undefined ? "" : `, ${plural(count, "purchase")}`}`;
  if (outcome === "declined") return `asked its payment host to close the day, which declined${then} (${what})`;
  const closed = `closed the day${then} (${what})`;
  return outcome === "unconfirmed" ? `${closed}, but does not know what its payment host says of it` : closed;
}

function updateInWords(
  { current_version: current, latest_version: latest, update_available }: Partial<CheckUpdateResult>,
  then: string,
): string {
  const found = update_available ? `version ${latest} is available` : "there is none";
  return `checked for an update${then}: ${found}; it runs version ${current}`;
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
