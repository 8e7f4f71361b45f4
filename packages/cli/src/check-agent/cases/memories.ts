import { randomUUID } from "node:crypto";
import type { CommandMessage, Memory } from "@tillkeeper/contract/mqtt/messages";
import { type CaseContext, isMessageOn } from "../case-context.ts";
import { BrokenLaw, Skipped } from "../laws.ts";
import type { Case } from "./case.ts";
import { closeDay } from "./closing.ts";

/** The time for which a device that may not connect any more is watched. */
const watchedMs = 5_000;
const beyond = 5;

/** Cases of an old or lost journal, and of a new address. They come last, because the device has another address then. */
export const memoryCases: readonly Case[] = [
  {
    name: "new-address",
    title: "gets another password, and with it another address: tells anew what it knows",
    laws: [13, 8],
    async play(context) {
      const { device, server } = context;
      if (context.pairs) throw new Skipped("a device that pairs asks for its other address itself");
      if (!device.cut || !device.start) throw new Skipped("needs --start");
      await closeDay(context);
      await context.perform("open_menu");
      const known = server.sentEntries.length;
      await device.cut();
      await startWithNewPassword(context);
      await expectEntriesAgain(context, known);
    },
  },
  {
    name: "welcome-knows-more",
    title: "hears from the welcome that the server holds more than its journal, with an `end_of_day` right behind",
    laws: [6, "Memory", 13],
    play: (context) =>
      playOldJournal(context, ({ server }) => ({ number: server.log.memory.number + beyond, id: randomUUID() })),
  },
  {
    name: "welcome-knows-another",
    title: "hears from the welcome that another entry stands under its last number",
    laws: [6, "Memory", 13],
    play: (context) =>
      playOldJournal(context, ({ server }) => ({ number: server.log.memory.number, id: randomUUID() })),
  },
  {
    name: "journal-restored",
    title: "is started with an old copy of its journal, and gets an `end_of_day`",
    laws: [6, "Memory", 13],
    async play(context) {
      const { device, server } = context;
      const { journal } = device;
      if (!journal || !device.cut || !device.start) throw new Skipped("needs --start and --journal");
      await closeDay(context);
      const known = server.sentEntries.length;
      await context.powerCut(() => journal.copy());
      await closeDay(context);
      const command = context.command("end_of_day");
      const { address } = server.identity;
      context.mark();
      await device.cut();
      server.switchedOff();
      await journal.restore();
      await device.start();
      await expectMove(context, command, address, known);
    },
  },
  {
    name: "journal-deleted",
    title: "is started without its journal, and with the same password",
    laws: [4, "Memory"],
    async play(context) {
      const { device, server } = context;
      if (context.pairs) throw new Skipped("a device that pairs may lose its keys by that");
      const { journal } = device;
      if (!journal || !device.cut || !device.start) throw new Skipped("needs --start and --journal");
      await closeDay(context);
      await device.cut();
      server.switchedOff();
      await journal.remove();
      context.mark();
      await device.start();
      await expectNoConnection(context);
      await device.cut();
      await startWithNewPassword(context);
      await expectEntriesAgain(context, 0);
    },
  },
];

/** Plays a welcome whose `memory` shows that the journal is old. */
async function playOldJournal(context: CaseContext, claim: (context: CaseContext) => Memory): Promise<void> {
  const { server } = context;
  await closeDay(context);
  const known = server.sentEntries.length;
  const command = context.command("end_of_day");
  const { address } = server.identity;
  server.misbehaviour.memory = claim(context);
  context.mark();
  server.broker.cut();
  await expectMove(context, command, address, known);
}

/**
 * Checks a device whose journal is old. It has to begin nothing more, and to go on at another address, or to stay away if it
 * cannot ask for one.
 */
async function expectMove(
  context: CaseContext,
  command: CommandMessage,
  address: string,
  known: number,
): Promise<void> {
  const { server, device } = context;
  const isOther = () => server.identity.address !== address || undefined;
  const hello = () => context.heard.findLast((one) => isMessageOn(one, "hello"));
  // A device with a counter beside its key notices by itself, and need not connect.
  const stopped = () => (!context.pairs && context.heard.some(({ kind }) => kind === "stopped")) || undefined;
  const found = () => hello() ?? isOther() ?? stopped();
  await context.waitFor("Memory", "a hello, a request for another address, or a stop", found, context.startMs);
  if (!isOther()) server.sendCommand(command);
  const began = () => context.began(command) || undefined;
  if (context.pairs) {
    await context.waitFor("Memory", "a request for another address (`memory_lost`)", () => isOther() ?? began());
  } else {
    const ended = () =>
      context.heard.some(({ kind, connection }) => kind === "ended" && connection === hello()?.connection) || undefined;
    await context.waitFor("Memory", "the end of the connection", () => ended() ?? stopped() ?? began());
    if (began()) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
    const place = context.heard.length;
    await context.pause(watchedMs);
    if (context.heard.slice(place).some(({ kind }) => kind === "connected"))
      context.broken("Memory", "no further connection by a password whose journal is old");
  }
  if (context.began(command)) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
  if (!context.pairs) {
    if (!device.cut || !device.start) throw new Skipped("stopped, as it must; the rest needs --start");
    await device.cut();
    await startWithNewPassword(context);
  }
  await expectEntriesAgain(context, known);
  const begun = server.sentEntries.find((entry) => entry.operation_id === command.operation_id)?.started_at;
  if (begun !== undefined) throw new BrokenLaw(6, "no close by an old journal", "end_of_day begun");
}

/** Checks that the device stops: its program ends, or runs on without a connection. */
async function expectNoConnection(context: CaseContext): Promise<void> {
  const { server, signal, startMs } = context;
  const has = (wanted: "connected" | "stopped") => context.heard.some(({ kind }) => kind === wanted) || undefined;
  await server.transcript.until(() => has("connected") ?? has("stopped"), startMs, signal);
  signal.throwIfAborted();
  if (has("connected")) context.broken(4, "no connection by a password whose journal is lost");
}

/** Switches the device on with another password, and so another address. */
async function startWithNewPassword(context: CaseContext): Promise<void> {
  const { server, device } = context;
  server.calm();
  server.replaceDevice();
  context.mark();
  await device.start?.();
}

/** Checks that the device, at another address, sends all entries that it knows, and then can close the day. */
async function expectEntriesAgain(context: CaseContext, known: number): Promise<void> {
  const { server } = context;
  const { address } = server.identity;
  const { connection } = await context.waitFor(
    "Connecting",
    `a connection as ${address}`,
    (heard) => heard.find((one) => one.kind === "connected" && one.address === address),
    context.startMs,
  );
  // After its hello the device has subscribed.
  await context.waitFor(1, "a hello", (heard) =>
    heard.find((one) => isMessageOn(one, "hello") && one.connection >= connection),
  );
  await context.waitFor(
    13,
    `at least ${known} entries under new numbers`,
    () => server.sentEntries.length >= known || undefined,
  );
  await context.waitUntilHeld();
  await closeDay(context);
}
