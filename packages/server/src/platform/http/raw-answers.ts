import { randomUUID } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ApiError } from "../errors.ts";
import type { HeaderTable } from "./security-headers.ts";

const brokenRequests: Record<string, ApiError> = {
  BODY_IN_PIECES: new ApiError("invalid_request", "The body comes in too many small pieces; send it in larger ones."),
  HPE_HEADER_OVERFLOW: new ApiError("headers_too_large", "The headers are larger than this server accepts."),
};
const overdue: NodeJS.ErrnoException = Object.assign(new Error("the body takes too long"), { code: "BODY_OVERDUE" });
const inPieces: NodeJS.ErrnoException = Object.assign(new Error("the body is cut too small"), {
  code: "BODY_IN_PIECES",
});
const notHttp = new ApiError("invalid_request", "This is not a valid HTTP request.");
const noTunnel = new ApiError("method_not_allowed", "This server is no proxy.");
const unknownExpectation = new ApiError("invalid_request", "The Expect header names nothing that this server knows.");

/** Answers to what never becomes a request of the framework, in the shape and with the headers of all others. */
export interface RawAnswers {
  /** What cannot be read as HTTP, or comes too slowly. */
  broken: (error: NodeJS.ErrnoException, socket: Socket) => void;
  overdue: (socket: Socket) => void;
  /** A body that comes in too many pieces; nothing more of it is read. */
  inPieces: (socket: Socket) => void;
  /** Answers what Node would end by itself: tunnels and unknown expectations. */
  listenTo(server: Server): void;
}

export function rawAnswers(headers: HeaderTable): RawAnswers {
  const answer = (error: ApiError, socket: Duplex) => {
    const body = JSON.stringify(error.body());
    const head = Object.entries({
      ...headersOf(error, headers),
      "content-length": String(Buffer.byteLength(body)),
      connection: "close",
    }).map(([name, value]) => `${name}: ${value}`);
    socket.end([`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`, ...head, "", body].join("\r\n"));
  };
  const broken = (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) socket.destroy();
    else answer(brokenRequests[error.code ?? ""] ?? notHttp, socket);
  };
  return {
    broken,
    overdue: (socket) => broken(overdue, socket),
    inPieces(socket) {
      broken(inPieces, socket);
      socket.destroySoon();
    },
    listenTo(server) {
      server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
        // A peer that hangs up now has no use for the answer.
        socket.on("error", () => socket.destroy());
        answer(noTunnel, socket);
      });
      server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
        response.writeHead(unknownExpectation.status, headersOf(unknownExpectation, headers));
        response.end(JSON.stringify(unknownExpectation.body()));
      });
    },
  };
}

function headersOf(error: ApiError, headers: HeaderTable) {
  return {
    ...headers,
    ...error.headers,
    "content-type": "application/json; charset=utf-8",
    "request-id": randomUUID(),
  };
}
