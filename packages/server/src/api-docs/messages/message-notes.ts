import type { DownChannel, UpChannel } from "@tillkeeper/contract/mqtt/topics";

/** Notes of docs/device-protocol/messages.md on a message, beside its fields. */
export const messageNotes: { readonly [Channel in UpChannel | DownChannel]?: string } = {
  command: `The same command may come more than once, an \`end_of_day\` as well. Only \`sent_at\`, and the letters of \`transfer.token\`, differ then.
\`origin\` and \`previous_close\` have no meaning to you but to be kept and compared: from \`origin\` a server stores an operation anew that its
database has lost.`,

  delivered: `Only where something has to be waited for: another operation, the end of a payment, the welcome.`,

  result: `What \`result\` holds: [results](#results). What the reasons mean: [reasons](#reasons).`,

  receipt: `Every status is as good as another: go on from \`memory\`. \`TIMEOUT\`: the answer came after the window and was stored as a late one.
\`UNKNOWN\`: the server has no such operation for this terminal. Left out: it came too early, and is told again in its turn.`,

  memory: `The answer to a heartbeat that believes something else, and to a result that was [rejected](#rejection).`,

  cancel: `It may come more than once, and before the command: then it has all that an answer needs. Put \`origin\` into the answer as it came (rule 15),
and compare an \`end_of_day\` by \`origin.request\` and \`previous_close\` as its command would be (rule 29).`,

  rejection: `It means a fault in your program: log it, and change nothing. The message tells all the same that the terminal is there, unless it is a
\`goodbye\` or \`gone\`. A rejected result still counts in its log, which the \`memory\` that follows says. Its operation stays PENDING,
for a result that can be read; without one it ends by its deadline as TIMEOUT, \`invalid_result\`, and shows the places of the rejection. Rejected are facts that cannot be read, a \`send_logs\` that names no stored log, and another \`operation\` than the command's. What lacks a right
\`number\`, \`after\`, \`operation_id\` or \`operation\` (printable ASCII, at most 64 characters), or has a field of its own twice, cannot count in the
log, and keeps back all that follows.`,

  heartbeat: `Each field of \`telemetry\` stands alone: what is left out keeps the value that it had. \`fault\` is for what keeps you from your work, and is
left out when it ends. A heartbeat with a \`fault\` makes the terminal ERROR, until a \`check_update\` or an activation succeeds, and does so
again each time. What \`open_batch\` is for: [what is open](presence.md#what-is-open).`,

  gone: `You do not send it: give it to the broker as your will, with QoS 1 and not retained. The broker says it when your link is lost, and not after
DISCONNECT. At most 1 024 bytes.`,

  probe_answer: `It counts for 2.5 seconds after the probe.`,
};
