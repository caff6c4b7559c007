/** As much of the WebSocket protocol (RFC 6455) as clients that only count need. */

const opcodes = { text: 0x1, ping: 0x9, pong: 0xa } as const;

export interface FrameEvents {
  /** @param payload gives the message's text, for who wants it */
  onText(payload: () => string): void;
  /** @param frame the answer to a ping */
  pong(frame: Buffer): void;
}

/** A message of a client. The mask is all zeros, which leaves the text as it is. */
export function textFrame(text: string): Buffer {
  return maskedFrame(opcodes.text, Buffer.from(text));
}

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const isShort = payload.length < 126;
  const head = Buffer.alloc(isShort ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** @returns a function that takes what comes from a server, in pieces of any size */
export function createFrameReader({ onText, pong }: FrameEvents): (chunk: Buffer) => void {
  let rest: Buffer | null = null;

  return (chunk) => {
    let data = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = null;
    while (data.length >= 2) {
      const short = (data[1] ?? 0) & 0x7f;
      const headLength = short < 126 ? 2 : 4;
      if (short === 127) throw new Error('No message is that long.');
      if (data.length < headLength) break;
      const length = short < 126 ? short : data.readUInt16BE(2);
      if (data.length < headLength + length) break;
      const payload = data.subarray(headLength, headLength + length);
      const opcode = (data[0] ?? 0) & 0x0f;
      if (opcode === opcodes.text) onText(() => payload.toString());
      else if (opcode === opcodes.ping) pong(maskedFrame(opcodes.pong, payload));
      data = data.subarray(headLength + length);
    }
    if (data.length > 0) rest = data;
  };
}
