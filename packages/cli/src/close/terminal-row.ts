import type { ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
import { formatAmount } from "../money.ts";

/** A terminal of a closing as cells: its id, its state, and a remark of a word or two. */
export function rowOf({ terminal_id: id, state, reason, close, open_again: openAgain }: ClosingTerminal): string[] {
  const result = close?.result;
  const amount =
    result?.sale_amount !== undefined && result.currency !== undefined
      ? formatAmount(result.sale_amount, result.currency)
      : "";
  const said = [
    ...(reason === undefined || reason === "closing" ? [] : [reason]),
    ...(openAgain ? ["open again"] : []),
  ];
  return [id, state, [...said, ...(amount === "" ? [] : [amount])].join(", ")];
}
