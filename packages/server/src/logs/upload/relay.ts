import { PassThrough, type Readable } from "node:stream";

/**
 * A stream with what the body brings, which may be given up without the body: that one is a connection, on which an answer
 * still has to go out. Fails when the body breaks off.
 */
export function relayOf(body: Readable): Readable {
  const relay = new PassThrough();
  body.once("error", (error) => relay.destroy(error));
  body.once("close", () => {
    if (!body.readableEnded) relay.destroy(new Error("the body broke off"));
  });
  return body.pipe(relay);
}
