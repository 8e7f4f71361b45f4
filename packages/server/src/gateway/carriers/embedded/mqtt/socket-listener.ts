import type { Socket } from "node:net";

/** Whoever is told what happens on a socket. */
export interface SocketListener {
  received(chunk: Buffer): void;
  drained(): void;
  broke(error: Error): void;
  /** The other end says nothing any more. */
  end(): void;
  /** The last that is told. */
  closed(): void;
}

/** By which the functions below find whom to tell. */
const listenerOf = Symbol("listener");
type ListenedTo = Socket & { [listenerOf]: SocketListener };

/**
 * Tells one listener of everything. The functions are the same for all sockets: with functions of their own each of ten thousand idle
 * connections would take half a kilobyte more.
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
