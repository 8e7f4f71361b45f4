/** Packets as they go out, each one buffer: so each is one write. */

export const returnCodes = { accepted: 0, badProtocol: 1, badClientId: 2, unavailable: 3, badCredentials: 4 } as const;

/** Sessions are never kept, so none is ever there already. */
export function connack(returnCode: number): Buffer {
  return Buffer.from([0x20, 2, 0, returnCode]);
}

export function puback(id: number): Buffer {
  return Buffer.from([0x40, 2, id >> 8, id & 0xff]);
}

/** The answer for a filter that is not granted. */
export const refusedFilter = 0x80;

/** A filter takes at least four bytes of a packet and its answer one: this cannot be too long for a packet. */
export function suback(id: number, answers: number[]): Buffer {
  return Buffer.from([0x90, ...lengthOf(2 + answers.length), id >> 8, id & 0xff, ...answers]);
}

export function unsuback(id: number): Buffer {
  return Buffer.from([0xb0, 2, id >> 8, id & 0xff]);
}

export const pingresp: Buffer = Buffer.from([0xd0, 0]);

/** `id` is that of a message with QoS 1; without one it goes out with QoS 0. */
export function publish(topic: string, payload: Buffer, id: number | undefined): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const idBytes = id === undefined ? 0 : 2;
  const length = lengthOf(2 + topicBytes + idBytes + payload.length);
  const packet = Buffer.allocUnsafe(1 + length.length + 2 + topicBytes + idBytes + payload.length);
  packet[0] = id === undefined ? 0x30 : 0x32;
  packet.set(length, 1);
  let at = 1 + length.length;
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  if (id !== undefined) at = packet.writeUInt16BE(id, at);
  payload.copy(packet, at);
  return packet;
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function lengthOf(bytes: number): number[] {
  const encoded: number[] = [];
  for (let left = bytes; ; left >>>= 7) {
    if (left < 0x80) return [...encoded, left];
    encoded.push((left & 0x7f) | 0x80);
  }
}
