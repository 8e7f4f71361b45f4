import type { DownChannel, UpChannel } from "./topics.ts";

/** What each channel carries, in a line. */
export const channelMeanings = {
  hello: "the agent has connected: its program, and the operations that wait or have begun",
  delivered: "the command has arrived, and cannot begin yet",
  started: "the operation has begun",
  result: "the next entry of the device's log, sent again until the server holds it",
  cancel_refused: "the operation has begun, and is brought to its end in spite of the cancel",
  heartbeat: "the device is connected: its telemetry, and its fault if it has one",
  goodbye: "the device is being shut down",
  gone: "the will: the broker publishes it when the link is lost",
  probe_answer: "the answer to a probe",
  welcome: "the answer to a hello: the server's time, and how far it holds the device's log",
  command: "an operation to carry out, before `expires_at`",
  receipt: "the answer to a result: how far the server holds the device's log",
  cancel: "an operation that shall not begin, or be broken off",
  memory: "how far the server holds the device's log, without a result: send what comes after it",
  rejection: "a message that the server cannot read, and the fields that are wrong",
  probe: "asks whether the device is connected; answer at once",
} as const satisfies Record<UpChannel | DownChannel, string>;
