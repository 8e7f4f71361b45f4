import type { DeviceAccess } from "../parts/seed.ts";
import { RawTerminal } from "./raw-terminal.ts";
import { serveParent } from "./serve-parent.ts";

export interface IdleFleet {
  port: number;
  devices: DeviceAccess[];
  /** Number of connections that are being opened at any time. */
  atOnce: number;
  /** The port belongs to a broker without a server, which answers no hello. */
  bare: boolean;
  heartbeatSeconds: number;
  keepaliveSeconds: number;
}

let fleet: IdleFleet | undefined;
let terminals: RawTerminal[] = [];
const timers: NodeJS.Timeout[] = [];

/** Opens all connections; returns the seconds until the last terminal was welcomed. */
async function open(options: IdleFleet): Promise<number> {
  fleet = options;
  const { port, keepaliveSeconds, heartbeatSeconds, bare } = options;
  // Beats start before all terminals are connected: the broker ends a connection that is silent beyond its keepalive.
  if (!bare) beat(heartbeatSeconds, (terminal) => terminal.heartbeat());
  beat(keepaliveSeconds, (terminal) => terminal.ping());
  return openAll();

  function beat(everySeconds: number, act: (terminal: RawTerminal) => void): void {
    // Beats are spread evenly over the interval, as in a real fleet.
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
    const toOpen = [...terminals];
    const began = performance.now();
    const openNext = async () => {
      for (let terminal = toOpen.pop(); terminal; terminal = toOpen.pop()) await terminal.open(bare);
    };
    await Promise.all(Array.from({ length: options.atOnce }, openNext));
    return (performance.now() - began) / 1000;
  }
}

/** Destroys all connections at once and opens them again; returns the seconds until the last terminal was welcomed. */
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
