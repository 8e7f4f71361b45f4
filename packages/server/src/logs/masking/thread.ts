import { type MessagePort, parentPort } from "node:worker_threads";
import { CardMask } from "./card-mask.ts";
import type { Masked, ToMasking } from "./messages.ts";

/** By the number of the upload. */
const masks = new Map<number, CardMask>();
const port = parentPort as MessagePort;

port.on("message", (message: ToMasking) => {
  const { upload } = message;
  const mask = masks.get(upload) ?? new CardMask();
  masks.set(upload, mask);
  // A copy, because the mask keeps the end of the piece for the next one.
  const text = new Uint8Array("piece" in message ? mask.write(message.piece) : mask.end());
  if (!("piece" in message)) masks.delete(upload);
  const masked: Masked = { upload, text, count: mask.count };
  port.postMessage(masked, [text.buffer]);
});
