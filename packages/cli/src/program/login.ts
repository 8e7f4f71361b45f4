import { Command } from "commander";
import type { LoginFlags } from "../commands/login.ts";

const actions = () => import("../commands/login.ts");

/** `tillkeeper login`: keeps a server and a client of it under a name, and uses them from then on. */
export function loginCommand(): Command {
  return new Command("login")
    .argument("[name]", "what you call it", "default")
    .option("--url <url>", "where the server answers (or TILLKEEPER_URL)")
    .option("--account <id>", "the account (or TILLKEEPER_ACCOUNT)")
    .option("--client-id <id>", "the client that asks (or TILLKEEPER_CLIENT_ID)")
    .option("--client-secret-file <path>", "a file with its secret, - for standard input (or TILLKEEPER_CLIENT_SECRET)")
    .addHelpText(
      "after",
      "\nWhat is missing is asked for at a terminal; the secret is not shown there. It is kept in a file that only you can read.",
    )
    .action(async (name: string, flags: LoginFlags) => (await actions()).loginAction(name, flags));
}

/** `tillkeeper use`: chooses among the servers that `login` knows. */
export function useCommand(): Command {
  return new Command("use")
    .argument("[name]", "which; without it, they are listed")
    .option("--none", "none of them: the sandbox of the folder, again")
    .option("--json", "print the list as JSON, without secrets")
    .action(async (name: string | undefined, flags: { none?: true; json?: true }) =>
      (await actions()).useAction(name, flags),
    );
}

/** `tillkeeper logout`: forgets a server and its secret. */
export function logoutCommand(): Command {
  return new Command("logout")
    .argument("[name]", "which; by default the one in use")
    .action(async (name: string | undefined) => (await actions()).logoutAction(name));
}
