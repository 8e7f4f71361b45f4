import { expect } from "vitest";
import { closed, goesOnAfter } from "./restore-stories.ts";
import type { Story } from "./story.ts";

/** The pairings and swaps that are missing in the backup. */
export const swapStories = {
  "a device that was paired since: it says that it has to be paired again, and then tells what it did": async (
    play,
  ) => {
    const { drill, until } = play;
    const { code, ...who } = await drill.register();
    const device = play.device(who);
    await until("backup");
    device.start(code);
    await device.online();
    await drill.perform(device.id, "check_update");
    const { first } = await closed(drill, device);
    await until("restored");
    await device.agent.until({ event: "locked_out", terminal_id: device.id });
    const refused = await drill.call("POST", drill.terminal(device.id, "/pairing-codes"));
    expect(refused.status).toBe(201);
    await device.agent.stop();
    device.start(refused.body.code);
    await device.online();
    expect(await drill.known(first.id)).toMatchObject({ recovered: true, status: "COMPLETED", result: first.result });
    await drill.perform(device.id, "check_update");
    await goesOnAfter(drill, device, first);
  },

  "a terminal that was registered since: its number is not given again, and its device says that it is nobody": async (
    play,
  ) => {
    const { drill, until } = play;
    await until("backup");
    const device = await play.activeDevice();
    await closed(drill, device);
    await until("restored");
    await device.agent.until({ event: "locked_out", terminal_id: device.id });
    const numberOf = (id: string) => Number(id.split("-T")[1]);
    expect(numberOf((await drill.register()).id)).toBeGreaterThan(1000);
    expect(numberOf(device.id)).toBeLessThan(1000);
  },

  "a device that was swapped since, with the former still switched on": async (play) => {
    const { drill, until } = play;
    const former = await play.activeDevice();
    await closed(drill, former);
    await until("backup");
    const serial = `${former.serial}-NEXT`;
    const swap = () => drill.call("POST", drill.terminal(former.id, "/device"), { device_serial_number: serial });
    const { body: swapped } = await swap();
    const next = play.device({ id: former.id, serial });
    next.start(swapped.pairing.code);
    await next.online();
    await former.agent.until({ event: "locked_out", terminal_id: former.id });
    await drill.perform(next.id, "check_update");
    const { first } = await closed(drill, next);
    await until("restored");
    await next.agent.until({ event: "locked_out", terminal_id: next.id });
    const refused = await drill.close(next.id, crypto.randomUUID());
    expect([refused.status, refused.body.error?.code]).toEqual([409, "operation_not_allowed"]);
    const { body: again } = await swap();
    await next.agent.stop();
    next.start(again.pairing.code);
    await next.online();
    expect(await drill.known(first.id)).toMatchObject({ recovered: true, result: first.result });
    await drill.perform(next.id, "check_update");
    await goesOnAfter(drill, next, first);
  },
} satisfies Record<string, Story>;
