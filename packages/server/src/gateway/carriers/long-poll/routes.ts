import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { type DeviceMessagesRequest as Request } from "@tillkeeper/contract/http/device-messages";
import { limits } from "@tillkeeper/contract/limits";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../../../platform/errors.ts";
import { whenHungUp } from "../../../platform/http/limits/hang-up.ts";
import { bind, type Route } from "../../../platform/http/route.ts";
import type { Device } from "../../../terminals/record/devices.ts";
import { bytesOf, messageSplitter } from "../../reading/split-messages.ts";
import { FairShare } from "../fair-share.ts";
import type { Receive } from "../transport.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Mailboxes } from "./mailboxes.ts";
import { RequestLimit } from "./request-limit.ts";

interface LongPollDeps {
  mailboxes: Mailboxes;
  receive: Receive;
  /** Called for each request: the terminal is there. */
  heard: (device: Device) => void;
  /** The device whose credential an `Authorization` header carries. Throws `missing_token` or `invalid_token`. */
  authenticate: (authorization: string | undefined) => Promise<Device>;
}

/** Two that wait, as mailboxes allow, and four that bring messages; an agent needs two. */
const requestsPerTerminal = 6;

/** The route of the device protocol over HTTPS. */
export function longPollRoutes({ receive, ...others }: LongPollDeps): Route[] {
  // No limit on what waits: `requestsPerTerminal` and the size of a request limit it.
  const share = new FairShare();
  share.start(receive);
  const deps = { ...others, receive: share.receive, underWay: new RequestLimit(requestsPerTerminal) };
  return [
    bind(devices.exchangeMessages, async ({ body, request }) => ({ messages: await exchange(deps, request, body) }), {
      bodyValues: limits.mqttMessageValues,
      // Each message is read by itself, as over MQTT: one that cannot be read is rejected, and the others count.
      parseBody: messageSplitter({
        list: "messages",
        field: "message",
        messages: limits.longPollMessages,
        // As many as in one MQTT message: a hundred operations have some three hundred values.
        values: limits.mqttMessageValues,
        bytes: limits.mqttPacketBytes,
      }),
    }),
  ];
}

interface ExchangeDeps extends LongPollDeps {
  underWay: RequestLimit;
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
      (asked.messages ?? []).map(({ channel, message }, index) =>
        receive(device.address, channel, bytesOf(message), { ...sender, index }),
      ),
    );
    const messages = await box.take((asked.wait_seconds ?? 0) * 1000, hungUp.signal);
    refuseEnded(box);
    return messages;
  } finally {
    // A request aborted while it waits means a lost link; the terminal's next request counts as `heard` again.
    if (hungUp.signal.aborted) await receive(device.address, "gone", goneOf(asked.session), sender);
    hungUp.forget();
    done();
    over();
  }
}

/** Throws for a session that is over: its messages are for no device any more. */
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
