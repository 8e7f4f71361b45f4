import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { namePattern } from "@tillkeeper/contract/names";
import { InvalidArgumentError } from "commander";

const nameForm = new RegExp(namePattern, "u");

/** Checks an account id of the command line. Throws `InvalidArgumentError`. */
export function readAccountId(text: string): string {
  if (new RegExp(operatorAccountIdPattern).test(text)) return text;
  throw new InvalidArgumentError("It is P or T with eight digits, or with three for an operator.");
}

/** Checks a name of the command line. Throws `InvalidArgumentError`. */
export function readName(text: string): string {
  const name = text.normalize("NFC");
  if (name.length <= 255 && nameForm.test(name)) return name;
  throw new InvalidArgumentError("It has 1 to 255 characters, a visible one among them, and no control characters.");
}
