import type { DeviceAccess } from "../seed.ts";
import { RawTerminal } from "./raw-terminal.ts";
import { serveParent } from "./serve-parent.ts";

export interface IdleFleet {
  port: number;
  devices: DeviceAccess[];
  /** Connections that are being opened at any time. */
  atOnce: number;
  /** A broker with nothing behind it: nobody answers a hello there. */
  bare: boolean;
  heartbeatSeconds: number;
  keepaliveSeconds: number;
}

let fleet: IdleFleet | undefined;
let terminals: RawTerminal[] = [];
const timers: NodeJS.Timeout[] = [];

/** Opens all connections; answers the seconds it took until the last one was welcomed. */
async function open(options: IdleFleet): Promise<number> {
  fleet = options;
  const { port, keepaliveSeconds, heartbeatSeconds, bare } = options;
  // From the first one on: where all take longer to connect than a broker waits for a sign of life, it would end the first.
  if (!bare) beat(heartbeatSeconds, (terminal) => terminal.heartbeat());
  beat(keepaliveSeconds, (terminal) => terminal.ping());
  return openAll();

  function beat(everySeconds: number, act: (terminal: RawTerminal) => void): void {
    // Spread over the whole time, as the terminals of a fleet are.
    const ticks = 20;
    let turn = 0;
    const timer = setInterval(() => {
      const slice = Math.ceil(terminals.length / (everySeconds * ticks));
      for (const terminal of terminals.slice(turn * slice, (turn + 1) * slice)) act(terminal);
      turn = (turn + 1) % (everySeconds * ticks);
    }, 1000 / ticks);
    timers.push(timer);
  }

  async function openAll(): Promise<number> {
    terminals = options.devices.map((device) => new RawTerminal({ port, device, keepaliveSeconds }));
    const waiting = [...terminals];
    const began = performance.now();
    const work = async () => {
      for (let terminal = waiting.pop(); terminal; terminal = waiting.pop()) await terminal.open(bare);
    };
    await Promise.all(Array.from({ length: options.atOnce }, work));
    return (performance.now() - began) / 1000;
  }
}

/** Breaks all connections off at once and opens them again; answers the seconds from the first to the last welcome. */
async function storm(): Promise<number> {
  if (!fleet) throw new Error("there is nothing to break off");
  for (const timer of timers.splice(0)) clearInterval(timer);
  await Promise.all(terminals.map((terminal) => terminal.drop()));
  return open(fleet);
}

serveParent({ open, storm }, async () => {
  for (const timer of timers) clearInterval(timer);
  await Promise.all(terminals.map((terminal) => terminal.drop()));
});
