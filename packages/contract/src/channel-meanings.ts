import type { DownChannel, UpChannel } from "./mqtt.ts";

/** What each channel is for, in a line. */
export const channelMeanings = {
  hello: "I am here, and this is what I know",
  delivered: "I have the command, and cannot begin yet",
  started: "I have begun",
  result: "this came of it; the next of my log, repeated until the receipt",
  cancel_refused: "I have begun, and bring it to its end",
  heartbeat: "I am alive, and this is how I am",
  goodbye: "I am being shut down",
  gone: "my will: the broker says it when the link is lost",
  probe_answer: "I am there",
  welcome: "the server's time; ends the comparing of notes",
  command: "do this, before `expires_at`",
  receipt: "it is stored; stop repeating",
  cancel: "do not begin this, or break it off",
  memory: "so far I hold your log: tell me what comes after it",
  rejection: "a message of yours was not understood, and where",
  probe: "are you there? Answer at once",
} as const satisfies Record<UpChannel | DownChannel, string>;
