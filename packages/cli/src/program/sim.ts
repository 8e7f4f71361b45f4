import { Argument, Command, InvalidArgumentError } from "commander";
import { callTable } from "../calls/call-table.ts";
import { withCalls } from "../calls/noun-command.ts";
import type { ControlFlags } from "../commands/sim.ts";
import { withConnectionFlags } from "../connection/flags.ts";

const actions = () => import("../commands/sim.ts");

/** `tillkeeper sim`: what virtual terminals of a sandbox do, on command. */
export function simCommand(): Command {
  const faults =
    callTable["sandbox"]?.calls["controlTerminal"]?.body?.find(({ name }) => name === "fault")?.choices ?? [];
  const fault = control("fault", "make all operations of a terminal have a fault; none: it is healthy")
    .addArgument(new Argument("<fault>", "one of").choices(faults))
    .action(async (id: string, name: string, flags: ControlFlags) =>
      (await actions()).controlAction(id, { fault: name }, flags),
    );
  const link = control("link", "cut a terminal's network, or restore it")
    .addArgument(new Argument("<link>").choices(["up", "down"]))
    .action(async (id: string, state: string, flags: ControlFlags) =>
      (await actions()).controlAction(id, { link: state }, flags),
    );
  const payment = control("payment", "begin a payment at a terminal, or end it")
    .addArgument(new Argument("<payment>").choices(["on", "off"]))
    .action(async (id: string, state: string, flags: ControlFlags) =>
      (await actions()).controlAction(id, { payment: state === "on" }, flags),
    );
  const usual = answering("usual", "all as usual again: as its serial number has it").action(
    async (id: string, flags: ControlFlags) => (await actions()).usualAction(id, flags),
  );
  const buy = answering("buy", "put a purchase into the open batch: sim buy T12345678-T0001 129.00")
    .argument("<amount>", "what the card was charged, in NOK, a tip included", amount)
    .option("--tip <amount>", "how much of it is a tip", amount)
    .action(async (id: string, charged: number, flags: ControlFlags & { tip?: number }) =>
      (await actions()).tradeAction(
        id,
        "purchases",
        { amount: charged, ...(flags.tip !== undefined && { tip: flags.tip }) },
        flags,
      ),
    );
  const refund = answering("refund", "put a refund into the open batch")
    .argument("<amount>", "what is paid back, in NOK", amount)
    .action(async (id: string, paid: number, flags: ControlFlags) =>
      (await actions()).tradeAction(id, "refunds", { amount: paid }, flags),
    );
  const command = new Command("sim");
  for (const below of [fault, link, payment, usual, buy, refund]) command.addCommand(below);
  return withCalls(command, "sandbox", ["refund"]);
}

function control(name: string, about: string): Command {
  return answering(name, about).option("--for <duration>", "of business time, as 5m; then all is as usual again");
}

function answering(name: string, about: string): Command {
  const command = new Command(name).description(about).argument("<terminal>", "as T12345678-T0001");
  return withConnectionFlags(command.option("--json", "print what the server answered, as JSON"));
}

/** An amount as people write it, in minor units: 129, 129.5, 129.00. Digits, and no arithmetic with fractions. */
function amount(text: string): number {
  const [, whole, fraction = ""] = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new InvalidArgumentError("It is an amount, as 129.00.");
  return Number(`${whole}${fraction.padEnd(2, "0")}`);
}
