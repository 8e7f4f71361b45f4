import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Memory, Messages } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { inTurn } from "../db/turns.ts";
import { ApiError } from "../platform/errors.ts";
import type { Logger } from "../platform/log/log.ts";
import { type Device, isPresent } from "../terminals/record/devices.ts";
import type { Receive } from "./carriers/transport.ts";
import { type HelloDeps, handleHello } from "./hello.ts";
import { readMessage } from "./reading/message.ts";
import type { ReadResult } from "./reading/result.ts";
import { type MessageOrigin, type RejectDeps, reject } from "./reject.ts";
import { handleResult } from "./result.ts";
import { helloOverviews } from "./sql/hello-overview.ts";

interface InboundOptions extends Omit<HelloDeps, "overview">, RejectDeps {
  log: Logger;
  readResult: ReadResult;
  /**
   * Sends the device the state of its log at the server, if it differs from what the device believes. Returns at once.
   */
  compareMemory: (device: Device, believed: Memory) => void;
}

type InboundDeps = InboundOptions & HelloDeps;

/**
 * Makes the function that handles all messages from terminals. A message that is not understood is answered with a
 * `rejection` that names the places. A failure of the server is logged, and the terminal repeats each message that has
 * no receipt. Of a replaced device, only messages about operations count: statements apply all others to the terminal's
 * present address only.
 */
export function createInbound(options: InboundOptions): Receive {
  const deps: InboundDeps = { ...options, overview: helloOverviews(options.db) };
  return async (address, channel, payload, { by, index } = {}) => {
    const device = readDeviceAddress(address);
    if (!device) return;
    const origin = { ...device, polls: by === "https", index };
    let about: object | undefined;
    try {
      const read = await (channel === "result" ? deps.readResult(origin, payload) : readMessage(channel, payload));
      if (read.places) return await reject(deps, origin, channel, read);
      const { message } = read;
      if ("operation_id" in message) about = { operation_id: message.operation_id };
      if (operationChannels.has(channel)) deps.presence.heard(origin);
      await handlers[channel](deps, origin, message as never);
    } catch (error) {
      const level = error instanceof ApiError && error.status < 500 ? "debug" : "warn";
      deps.log[level]({ err: error, address, channel, ...about }, "a terminal's message could not be handled");
    }
  };
}

type Handler<C extends UpChannel> = (deps: InboundDeps, origin: MessageOrigin, message: Messages[C]) => Promise<void>;

/** Messages about operations: presence has no handler of its own for them, so they count as `heard`. */
const operationChannels: ReadonlySet<UpChannel> = new Set(["delivered", "started", "result", "cancel_refused"]);

const handlers: { [C in UpChannel]: Handler<C> } = {
  hello: handleHello,
  delivered: ({ reports }, origin, message) => reports.delivered(origin, message),
  started: ({ reports }, origin, message) => reports.started(origin, message),
  result: handleResult,
  cancel_refused: ({ reports }, origin, message) => reports.cancelRefused(origin, message),
  async heartbeat({ presence, compareMemory }, origin, message) {
    if (message.memory) compareMemory(origin, message.memory);
    await presence.heartbeat(origin, message);
  },
  goodbye: ({ presence }, origin, message) => presence.goodbye(origin, message),
  gone: ({ presence }, origin, message) => presence.gone(origin, message),
  async probe_answer({ db, presence }, origin, message) {
    if (await inTurn(db, origin.accountId, () => isPresent(db.sql, origin)))
      await presence.probeAnswered(origin, message);
  },
};
