/** The first byte of a text message that is not split (RFC 6455, section 5.2). */
const wholeText = 0x81;

/** A server's WebSocket message of three parts, ready to be written. */
export function textFrame(head: string, body: Buffer, tail: string): Buffer {
  const headLength = Buffer.byteLength(head);
  const length = headLength + body.length + Buffer.byteLength(tail);
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = wholeText;
  writeLength(frame, length);
  frame.write(head, start);
  body.copy(frame, start + headLength);
  frame.write(tail, start + headLength + body.length);
  return frame;
}

function writeLength(frame: Buffer, length: number): void {
  if (length < 126) {
    frame[1] = length;
  } else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
}
