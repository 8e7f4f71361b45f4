import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { InvalidArgumentError } from "commander";

/** Checks an account id of the command line. Throws `InvalidArgumentError`. */
export function readAccountId(text: string): string {
  if (new RegExp(operatorAccountIdPattern).test(text)) return text;
  throw new InvalidArgumentError("It is P or T with eight digits, or with three for an operator.");
}

/** Checks a name of the command line. Throws `InvalidArgumentError`. */
export function readName(text: string): string {
  if (text.trim() !== "" && text.length <= 255 && !text.includes("\0")) return text;
  throw new InvalidArgumentError("It has 1 to 255 characters.");
}
