import { emailPattern } from "@tillkeeper/contract/http/people";
import { roles } from "@tillkeeper/contract/roles";
import { Command, InvalidArgumentError, Option } from "commander";
import type { AddOptions } from "../commands/user.ts";
import { readAccountId, readName } from "../options.ts";

/** `tillkeeper user`: lets a person in where nobody can sign in yet, and a person who has lost an authenticator. */
export function userCommand(): Command {
  const add = new Command("add")
    .description("make a person a user of an account, and print the link that invites the person this once")
    .argument("<email>", "the person's e-mail address", readEmail)
    .requiredOption("--account <id>", "the account, P12345678 or T12345678; P112 for an operator", readAccountId)
    .addOption(new Option("--role <role>", "what the person may do").choices(roles).makeOptionMandatory())
    .option("--store <id...>", "of the role store: the stores that the person sees, by either id")
    .option("--name <name>", "what people call the person (default: the e-mail address)", readName)
    .addOption(new Option("--language <tag>", "the language of the person").choices(["en", "nb", "sv", "da"]))
    .option(
      "--url <address>",
      "where people reach the server (default: TILLKEEPER_PUBLIC_URL, or where the server is set to listen)",
      readOrigin,
    )
    .action(async (email: string, options: AddOptions) =>
      (await import("../commands/user.ts")).addAction(email, options),
    );
  const endTotp = new Command("end-totp")
    .description("end the authenticator of a person who has lost it and the recovery codes, and all sessions")
    .argument("<email>", "the person's e-mail address", readEmail)
    .action(async (email: string) => (await import("../commands/user.ts")).endTotpAction(email));
  return new Command("user").addCommand(add).addCommand(endTotp);
}

function readEmail(text: string): string {
  if (text.length <= 254 && new RegExp(emailPattern, "u").test(text)) return text;
  throw new InvalidArgumentError("It is no e-mail address.");
}

function readOrigin(text: string): string {
  const address = URL.parse(text);
  if (address && /^https?:$/.test(address.protocol) && address.pathname === "/") return address.origin;
  throw new InvalidArgumentError("It is like https://till.example.com.");
}
