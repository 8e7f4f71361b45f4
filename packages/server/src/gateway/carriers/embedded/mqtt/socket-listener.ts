import type { Socket } from "node:net";

/** Receives the events of a socket. No function may throw: they are called from the socket's event handlers. */
export interface SocketListener {
  received(chunk: Buffer): void;
  drained(): void;
  broke(error: Error): void;
  /** The peer has closed its side: no further bytes will come. */
  end(): void;
  /** The socket has closed; called last, and exactly once. */
  closed(): void;
}

/** The property of a socket that holds its listener. */
const listenerOf = Symbol("listener");
type ListenedTo = Socket & { [listenerOf]: SocketListener };

/**
 * Reports all events of a socket to one listener. The handlers are shared by all sockets: handlers of their own would
 * take half a kilobyte per idle connection, and there are ten thousand.
 */
export function listenTo(socket: Socket, listener: SocketListener): void {
  (socket as ListenedTo)[listenerOf] = listener;
  socket.on("data", tellData).on("drain", tellDrain).on("error", tellError).on("end", tellEnd).on("close", tellClose);
}

function tellData(this: Socket, chunk: Buffer): void {
  (this as ListenedTo)[listenerOf].received(chunk);
}

function tellDrain(this: Socket): void {
  (this as ListenedTo)[listenerOf].drained();
}

function tellError(this: Socket, error: Error): void {
  (this as ListenedTo)[listenerOf].broke(error);
}

function tellEnd(this: Socket): void {
  (this as ListenedTo)[listenerOf].end();
}

function tellClose(this: Socket): void {
  (this as ListenedTo)[listenerOf].closed();
}
