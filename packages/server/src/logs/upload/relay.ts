import { PassThrough, type Readable } from "node:stream";

/**
 * Returns a copy of the body's stream that can be destroyed without the body. The body is a connection on which an
 * answer still has to be sent. Fails when the body breaks off.
 */
export function relayOf(body: Readable): Readable {
  const relay = new PassThrough();
  body.once("error", (error) => relay.destroy(error));
  body.once("close", () => {
    if (!body.readableEnded) relay.destroy(new Error("the body broke off"));
  });
  return body.pipe(relay);
}
