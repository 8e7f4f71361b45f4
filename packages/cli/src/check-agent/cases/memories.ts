import { randomUUID } from "node:crypto";
import type { CommandMessage, Memory } from "@tillkeeper/contract/mqtt";
import { BrokenLaw, Skipped } from "../laws.ts";
import { isSaid, type Table } from "../table.ts";
import type { Case } from "./case.ts";
import { closeDay } from "./closing.ts";

/** For so long a device that may not connect any more is watched. */
const watchedMs = 5_000;
const beyond = 5;

/** What a device does whose journal is an old copy, or that gets another address. They come last: it is another one then. */
export const memoryCases: readonly Case[] = [
  {
    name: "new-address",
    title: "gets another password, and with it another address: tells anew what it knows",
    laws: [13, 8],
    async play(table) {
      const { device, referee } = table;
      if (table.pairs) throw new Skipped("a device that pairs asks for its other address itself");
      if (!device.cut || !device.start) throw new Skipped("needs --start");
      await closeDay(table);
      await table.perform("open_menu");
      const known = referee.told.length;
      await device.cut();
      await another(table);
      await tellsAnew(table, known);
    },
  },
  {
    name: "welcome-knows-more",
    title: "hears from the welcome that the server holds more than its journal, with an `end_of_day` right behind",
    laws: [6, "Memory", 13],
    play: (table) => isOld(table, ({ referee }) => ({ number: referee.log.memory.number + beyond, id: randomUUID() })),
  },
  {
    name: "welcome-knows-another",
    title: "hears from the welcome that another entry stands under its last number",
    laws: [6, "Memory", 13],
    play: (table) => isOld(table, ({ referee }) => ({ number: referee.log.memory.number, id: randomUUID() })),
  },
  {
    name: "journal-restored",
    title: "is started with an old copy of its journal, and gets an `end_of_day`",
    laws: [6, "Memory", 13],
    async play(table) {
      const { device, referee } = table;
      const { journal } = device;
      if (!journal || !device.cut || !device.start) throw new Skipped("needs --start and --journal");
      await closeDay(table);
      const known = referee.told.length;
      await table.powerCut(() => journal.copy());
      await closeDay(table);
      const command = table.command("end_of_day");
      const { address } = referee.identity;
      table.mark();
      await device.cut();
      referee.switchedOff();
      await journal.restore();
      await device.start();
      await moves(table, command, address, known);
    },
  },
  {
    name: "journal-deleted",
    title: "is started without its journal, and with the same password",
    laws: [4, "Memory"],
    async play(table) {
      const { device, referee } = table;
      if (table.pairs) throw new Skipped("a device that pairs may lose its keys by that");
      const { journal } = device;
      if (!journal || !device.cut || !device.start) throw new Skipped("needs --start and --journal");
      await closeDay(table);
      await device.cut();
      referee.switchedOff();
      await journal.remove();
      table.mark();
      await device.start();
      await staysAway(table);
      await device.cut();
      await another(table);
      await tellsAnew(table, 0);
    },
  },
];

/** Something is said of the log that cannot be of this journal. */
async function isOld(table: Table, claim: (table: Table) => Memory): Promise<void> {
  const { referee } = table;
  await closeDay(table);
  const known = referee.told.length;
  const command = table.command("end_of_day");
  const { address } = referee.identity;
  referee.mood.memory = claim(table);
  table.mark();
  referee.broker.cut();
  await moves(table, command, address, known);
}

/**
 * The device finds out that its journal is old: it begins nothing any more, and goes on as another address, or stays away if it
 * cannot ask for one.
 */
async function moves(table: Table, command: CommandMessage, address: string, known: number): Promise<void> {
  const { referee, device } = table;
  const isOther = () => referee.identity.address !== address || undefined;
  const hello = () => table.heard.findLast((one) => isSaid(one, "hello"));
  // One with a counter beside its key need not ask the server.
  const stopped = () => (!table.pairs && table.heard.some(({ kind }) => kind === "stopped")) || undefined;
  const found = () => hello() ?? isOther() ?? stopped();
  await table.hears("Memory", "a hello, a request for another address, or a stop", found, table.startMs);
  if (!isOther()) referee.sendCommand(command);
  const began = () => table.began(command) || undefined;
  if (table.pairs) {
    await table.hears("Memory", "a request for another address (`memory_lost`)", () => isOther() ?? began());
  } else {
    const ended = () =>
      table.heard.some(({ kind, connection }) => kind === "ended" && connection === hello()?.connection) || undefined;
    await table.hears("Memory", "the end of the connection", () => ended() ?? stopped() ?? began());
    if (began()) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
    const place = table.heard.length;
    await table.pause(watchedMs);
    if (table.heard.slice(place).some(({ kind }) => kind === "connected"))
      table.broken("Memory", "no further connection by a password whose journal is old");
  }
  if (table.began(command)) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
  if (!table.pairs) {
    if (!device.cut || !device.start) throw new Skipped("stopped, as it must; the rest needs --start");
    await device.cut();
    await another(table);
  }
  await tellsAnew(table, known);
  const begun = referee.told.find((entry) => entry.operation_id === command.operation_id)?.started_at;
  if (begun !== undefined) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
}

/** It ends, or runs on without a connection: both are a stop. */
async function staysAway(table: Table): Promise<void> {
  const { referee, signal, startMs } = table;
  const has = (wanted: "connected" | "stopped") => table.heard.some(({ kind }) => kind === wanted) || undefined;
  await referee.transcript.until(() => has("connected") ?? has("stopped"), startMs, signal);
  signal.throwIfAborted();
  if (has("connected")) table.broken(4, "no connection by a password whose journal is lost");
}

/** The device is switched on with another password. */
async function another(table: Table): Promise<void> {
  const { referee, device } = table;
  referee.calm();
  referee.replaceDevice();
  table.mark();
  await device.start?.();
}

/** At another address: all that it knows, and then a close. */
async function tellsAnew(table: Table, known: number): Promise<void> {
  const { referee } = table;
  const { address } = referee.identity;
  const { connection } = await table.hears(
    "Connecting",
    `a connection as ${address}`,
    (heard) => heard.find((one) => one.kind === "connected" && one.address === address),
    table.startMs,
  );
  // Now it hears what is sent to it.
  await table.hears(1, "a hello", (heard) => heard.find((one) => isSaid(one, "hello") && one.connection >= connection));
  await table.hears(13, `at least ${known} entries under new numbers`, () => referee.told.length >= known || undefined);
  await table.held();
  await closeDay(table);
}
