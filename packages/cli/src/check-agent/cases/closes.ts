import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt";
import { BrokenLaw, Skipped } from "../laws.ts";
import { isSaid, type Table } from "../table.ts";
import { cancelledFirst } from "./cancelling.ts";
import type { Case } from "./case.ts";
import { closeDay, outOfStep } from "./closing.ts";

/** Longer than a device holds a command back that is no close, for want of a welcome. */
const beyondHoldingBackMs = 6_000;

/** What a device does with `end_of_day`. */
export const closeCases: readonly Case[] = [
  {
    name: "close",
    title: "closes the day, and once more",
    laws: [25],
    async play(table) {
      await closeDay(table);
      await closeDay(table);
    },
  },
  {
    name: "repeated-close",
    title: "gets an `end_of_day` again that it has answered",
    laws: [17],
    async play(table) {
      const { command } = await closeDay(table);
      table.mark();
      table.referee.sendCommand(command);
      await table.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "doubled-close",
    title: "gets an `end_of_day` twice at once",
    laws: [17],
    async play(table) {
      await table.held();
      const command = table.ask("end_of_day");
      table.referee.sendCommand(command);
      await table.result(17, command);
      await table.perform("open_menu");
    },
  },
  {
    name: "previous-close-older",
    title: "gets an `end_of_day` that knows an older close",
    laws: [25],
    async play(table) {
      const before = await closeDay(table);
      await closeDay(table);
      await outOfStep(table, before.command.operation_id);
    },
  },
  {
    name: "previous-close-other",
    title: "gets an `end_of_day` that knows a close which the journal does not have",
    laws: [25],
    async play(table) {
      await closeDay(table);
      await outOfStep(table, randomUUID());
    },
  },
  {
    name: "previous-close-null",
    title: "gets an `end_of_day` that knows of no close",
    laws: [25],
    async play(table) {
      await closeDay(table);
      await outOfStep(table, null);
    },
  },
  {
    name: "same-request",
    title: "gets a request again, as another operation, that has closed the day",
    laws: [23],
    async play(table) {
      const { command, result } = await closeDay(table);
      const again = table.ask("end_of_day", { origin: { ...command.origin, signed: "anew" } });
      const repeated = await table.result(23, again, "the result of the first operation");
      sameAnswer(table, repeated, command.operation_id);
      if (!isDeepStrictEqual(repeated.result, result.result) || repeated.status !== result.status)
        throw new BrokenLaw(23, JSON.stringify(result.result), JSON.stringify(repeated.result));
      await table.held();
      await closeDay(table);
    },
  },
  {
    name: "same-request-out-of-step",
    title: "gets a request again that was out of step, now with the right previous close",
    laws: [23],
    async play(table) {
      await closeDay(table);
      const refused = await outOfStep(table, randomUUID());
      const again = table.ask("end_of_day", { origin: { ...refused.origin, signed: "anew" } });
      const repeated = await table.result(23, again, "out_of_step, as before");
      if (repeated.reason !== "out_of_step") table.broken(23, "the answer of the first operation: FAILED, out_of_step");
      sameAnswer(table, repeated, refused.operation_id);
      await table.held();
    },
  },
  {
    name: "cancelled-close",
    title: "gets the cancel of an `end_of_day` before its command",
    laws: [29],
    async play(table) {
      const { command: last } = await closeDay(table);
      await cancelledFirst(table, "end_of_day");
      if (table.referee.log.lastClose !== last.operation_id) table.broken(29, "no close");
    },
  },
  {
    name: "cancelled-close-out-of-step",
    title: "gets the cancel, before its command, of an `end_of_day` that knows an older close",
    laws: [29, 25],
    async play(table) {
      const before = await closeDay(table);
      await closeDay(table);
      const command = table.command("end_of_day", { previous_close: before.command.operation_id });
      table.mark();
      table.cancel(command);
      await table.failure(29, command, "out_of_step");
      await table.held();
    },
  },
  {
    name: "late-close",
    title: "gets an `end_of_day` whose time is over",
    laws: [18],
    async play(table) {
      await table.held();
      const at = (ms: number) => new Date(table.referee.now().getTime() + ms).toISOString();
      const command = table.ask("end_of_day", { created_at: at(-120_000), expires_at: at(-60_000) });
      await table.failure(18, command, "expired");
    },
  },
  {
    name: "close-before-welcome",
    title: "is switched on, gets an `end_of_day` before the welcome, and holds it back until that comes",
    laws: [6],
    async play(table) {
      await table.held();
      table.referee.mood.welcomes = false;
      await table.powerCut();
      const command = table.command("end_of_day");
      table.referee.sendCommand(command);
      await table.pause(beyondHoldingBackMs);
      if (table.began(command)) table.broken(6, "no close before the first welcome of a run");
      table.referee.mood.welcomes = true;
      const { status } = await table.result(6, command, "the close, after the welcome");
      if (status !== "COMPLETED") table.broken(6, "end_of_day COMPLETED, after the welcome");
    },
  },
  {
    name: "power-cut-in-a-close",
    title: "loses its power in an `end_of_day` that it has begun",
    laws: [16, 17, 22, 25],
    play: (table) => cutInClose(table),
  },
  {
    name: "close-by-hand",
    title: "is closed by hand between two commands",
    laws: [24, 25],
    async play(table) {
      const { device, referee } = table;
      if (!device.closeByHand) throw new Skipped("needs --close-by-hand");
      await closeDay(table);
      const before = referee.log.lastClose;
      table.mark();
      const command = table.command("end_of_day");
      await device.closeByHand();
      referee.sendCommand(command);
      const { last_close } = await table.failure(24, command, "out_of_step");
      await table.held();
      const byHand = referee.log.entries.findLast((entry) => entry.by_hand === true);
      const expected = "a close by hand as an entry of its own, first";
      if (!byHand || referee.log.lastClose === before) throw new BrokenLaw(24, expected, "none");
      if (last_close !== byHand.operation_id)
        throw new BrokenLaw(25, `last_close ${byHand.operation_id}`, `${last_close}`);
      await closeDay(table);
    },
  },
];

async function cutInClose(table: Table): Promise<void> {
  const { command: last } = await closeDay(table);
  const command = table.ask("end_of_day");
  const { operation_id: id } = command;
  await table.hears(21, "started", () => table.began(command) || undefined);
  const entry = () => table.referee.told.find(({ operation_id }) => operation_id === id);
  await table.powerCut();
  const result = await table.hears(22, "a result of what was interrupted", entry);
  if (!mayHaveClosed(result)) throw new BrokenLaw(22, "COMPLETED, or FAILED with `unknown_end`", `${result.reason}`);
  await table.held();
  table.mark();
  table.referee.sendCommand(command);
  await table.result(17, command, "its entry again, and nothing begun");
  await outOfStep(table, last.operation_id);
  await closeDay(table);
}

function sameAnswer(table: Table, { repeats, started_at }: ResultMessage, id: string): void {
  const started = table.heard.some((one) => isSaid(one, "started"));
  if (started || started_at !== undefined) table.broken(23, "nothing begun, and no `started_at`");
  if (repeats !== id) throw new BrokenLaw(23, `repeats ${id}`, repeats ?? "none");
}
