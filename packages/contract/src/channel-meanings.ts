import type { DownChannel, UpChannel } from "./mqtt.ts";

/** What each channel is for, in a line. */
export const channelMeanings = {
  hello: "I am here, and this is what waits or runs",
  delivered: "I have the command, and cannot begin yet",
  started: "I have begun",
  result: "this came of it: the next of my log, told again until the server holds it",
  cancel_refused: "I have begun, and bring it to its end",
  heartbeat: "I am here, and this is how I am",
  goodbye: "I am being shut down",
  gone: "your will: the broker says it when your link is lost",
  probe_answer: "I am there",
  welcome: "the server's time, and how far it holds your log",
  command: "do this, before `expires_at`",
  receipt: "of a result: so far I hold your log",
  cancel: "do not begin this, or break it off",
  memory: "the same without a result: go on with what comes after it",
  rejection: "a message of yours was not understood, and where",
  probe: "are you there? Answer at once",
} as const satisfies Record<UpChannel | DownChannel, string>;
