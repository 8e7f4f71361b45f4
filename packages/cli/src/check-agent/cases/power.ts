import { Skipped } from "../laws.ts";
import { isSaid } from "../table.ts";
import type { Case } from "./case.ts";

/** What a device brings through a power cut. */
export const powerCases: readonly Case[] = [
  {
    name: "power-cut-after-result",
    title: "loses its power after it has told a result that did not arrive",
    laws: [7, 9],
    async play(table) {
      table.referee.mood.receipts = "deaf";
      const command = table.ask("open_menu");
      await table.result(7, command);
      await table.powerCut();
      table.referee.mood.receipts = "sent";
      await table.result(7, command, "the result again, as it was told before");
      await table.held();
    },
  },
  {
    name: "power-cut-in-the-middle",
    title: "loses its power in an operation that it has begun",
    laws: [16, 17, 22],
    async play(table) {
      const command = table.ask("open_menu");
      const { operation_id: id } = command;
      await table.hears(21, "started", () => table.began(command) || undefined);
      const answered = () => table.referee.told.some((entry) => entry.operation_id === id);
      await table.powerCut();
      await table.hears(22, "a result of what was interrupted", () => answered() || undefined);
      await table.held();
      table.mark();
      table.referee.sendCommand(command);
      await table.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "goodbye",
    title: "is ended in order, and says goodbye before it disconnects",
    laws: [36],
    async play(table) {
      const { device } = table;
      if (!device.stop || !device.start) throw new Skipped("needs --start");
      table.mark();
      await device.stop();
      table.referee.switchedOff();
      await table.hears(36, "goodbye", (heard) => heard.find((one) => isSaid(one, "goodbye")));
      await table.hears(36, "the end of the connection", (heard) => heard.find(({ kind }) => kind === "ended"));
      if (table.heard.some((one) => isSaid(one, "gone"))) table.broken(36, "DISCONNECT, so that the will is not told");
      table.mark();
      await device.start();
      await table.back(1, table.startMs);
    },
  },
];
