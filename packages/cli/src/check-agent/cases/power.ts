import { isMessageOn } from "../case-context.ts";
import { Skipped } from "../laws.ts";
import type { Case } from "./case.ts";

/** Cases of power cuts, and of an orderly end. */
export const powerCases: readonly Case[] = [
  {
    name: "power-cut-after-result",
    title: "loses its power after it has told a result that did not arrive",
    laws: [7, 9],
    async play(context) {
      context.server.misbehaviour.receipts = "deaf";
      const command = context.send("open_menu");
      await context.result(7, command);
      await context.powerCut();
      context.server.misbehaviour.receipts = "sent";
      await context.result(7, command, "the result again, as it was told before");
      await context.waitUntilHeld();
    },
  },
  {
    name: "power-cut-in-the-middle",
    title: "loses its power in an operation that it has begun",
    laws: [16, 17, 22],
    async play(context) {
      const command = context.send("open_menu");
      const { operation_id: id } = command;
      await context.waitFor(21, "started", () => context.began(command) || undefined);
      const answered = () => context.server.sentEntries.some((entry) => entry.operation_id === id);
      await context.powerCut();
      await context.waitFor(22, "a result of what was interrupted", () => answered() || undefined);
      await context.waitUntilHeld();
      context.mark();
      context.server.sendCommand(command);
      await context.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "goodbye",
    title: "is ended in order, and says goodbye before it disconnects",
    laws: [36],
    async play(context) {
      const { device } = context;
      if (!device.stop || !device.start) throw new Skipped("needs --start");
      context.mark();
      await device.stop();
      context.server.switchedOff();
      await context.waitFor(36, "goodbye", (heard) => heard.find((one) => isMessageOn(one, "goodbye")));
      await context.waitFor(36, "the end of the connection", (heard) => heard.find(({ kind }) => kind === "ended"));
      if (context.heard.some((one) => isMessageOn(one, "gone")))
        context.broken(36, "DISCONNECT, so that the will is not told");
      context.mark();
      await device.start();
      await context.waitForHello(1, context.startMs);
    },
  },
];
