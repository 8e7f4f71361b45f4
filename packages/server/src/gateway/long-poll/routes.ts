import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { type DeviceMessagesRequest as Request } from "@tillkeeper/contract/http/device-messages";
import { limits } from "@tillkeeper/contract/limits";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../../platform/errors.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import type { Device } from "../../terminals/devices.ts";
import { FairShare } from "../fair-share.ts";
import type { Receive } from "../transport.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Mailboxes } from "./mailboxes.ts";
import { UnderWay } from "./under-way.ts";

interface LongPollDeps {
  mailboxes: Mailboxes;
  receive: Receive;
  /** A terminal has asked for messages: it is there. */
  heard: (device: Device) => void;
  /** The device whose credential an `Authorization` header carries. Throws `missing_token` or `invalid_token`. */
  authenticate: (authorization: string | undefined) => Promise<Device>;
}

/** Two that wait, as mailboxes allow, and four that say something; an agent has two. */
const requestsPerTerminal = 6;

/** The device protocol over HTTPS. */
export function longPollRoutes({ receive, ...others }: LongPollDeps): Route[] {
  const deps = {
    ...others,
    // Of few requests at a time, none of which may be endless.
    receive: new FairShare({ receive }).receive,
    underWay: new UnderWay(requestsPerTerminal),
  };
  return [
    bind(devices.exchangeMessages, async ({ body, request }) => ({ messages: await exchange(deps, request, body) }), {
      // As in one message: a hundred operations have some three hundred.
      bodyValues: limits.mqttMessageValues,
    }),
  ];
}

interface ExchangeDeps extends LongPollDeps {
  underWay: UnderWay;
}

async function exchange(deps: ExchangeDeps, request: FastifyRequest, asked: Request) {
  const { mailboxes, receive, heard, authenticate, underWay } = deps;
  const device = await authenticate(request.headers.authorization);
  const over = underWay.begin(device.terminalId);
  heard(device);
  const { box, done } = mailboxes.open({ ...device, session: asked.session });
  const hungUp = whenHungUp(request);
  const sender = { by: "https" } as const;
  try {
    await Promise.all(
      (asked.messages ?? []).map(({ channel, message }) =>
        receive(device.address, channel, Buffer.from(JSON.stringify(message) ?? ""), sender),
      ),
    );
    const messages = await box.take((asked.wait_seconds ?? 0) * 1000, hungUp.signal);
    refuseEnded(box);
    return messages;
  } finally {
    // Whoever hangs up while waiting has lost the link; one who comes back is heard again.
    if (hungUp.signal.aborted) await receive(device.address, "gone", goneOf(asked.session), sender);
    hungUp.forget();
    done();
    over();
  }
}

/** What came for a session that is over belongs to nobody. */
function refuseEnded({ ending }: Mailbox): void {
  if (ending === "credential") {
    throw new ApiError("invalid_token", "The terminal's credential does not hold any more.");
  }
  if (ending === "replaced") {
    throw new ApiError("session_replaced", "Another session of this terminal has begun.");
  }
}

function goneOf(session: string): Buffer {
  return Buffer.from(JSON.stringify({ session }));
}

function whenHungUp({ raw: { socket } }: FastifyRequest): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  socket.once("close", abort);
  return { signal: controller.signal, forget: () => void socket.removeListener("close", abort) };
}
