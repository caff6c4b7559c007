import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { BrokenAnswer } from './faults.ts';
import { type Answer, parseJson, send } from './http.ts';

const dripMs = 100;
const hugeBytes = 50_000_000;
const blanks = Buffer.alloc(1_000_000, ' ');

/** Sends an answer as a fault has it. Resolves once no more of it comes; rejects when the simulator stops before. */
export async function sendBroken(
  response: ServerResponse,
  answer: Answer,
  { kind }: BrokenAnswer,
  stopped: AbortSignal,
): Promise<void> {
  const body = Buffer.from(answer.body);
  const half = body.subarray(0, Math.ceil(body.length / 2));
  switch (kind) {
    case 'halfJson':
      return send(response, { ...answer, body: answer.body.slice(0, answer.body.length >> 1) });
    case 'wrongTypes':
      return send(response, { ...answer, body: rewritten(answer.body, otherMembers) });
    case 'wrongValues':
      return send(response, { ...answer, body: rewritten(answer.body, otherValues) });
    case 'dropMidBody':
      promise(response, answer, body.length).write(half, () => response.destroy());
      return;
    case 'reset':
      promise(response, answer, body.length).write(half, () => response.socket?.resetAndDestroy());
      return;
    case 'drip':
      return drip(promise(response, answer, body.length), body, stopped);
    case 'huge':
      return pad(promise(response, answer, hugeBytes + body.length), body);
  }
}

/** The head of an answer that is to have so many bytes. */
function promise(response: ServerResponse, { status, headers }: Answer, length: number): ServerResponse {
  return response.writeHead(status, { ...headers, 'content-length': String(length) });
}

async function drip(response: ServerResponse, body: Buffer, stopped: AbortSignal): Promise<void> {
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await wait(dripMs, undefined, { signal: stopped });
  }
  response.end();
}

/** No faster than it is taken. */
function pad(response: ServerResponse, body: Buffer): void {
  let left = hugeBytes;
  const writeOn = () => {
    while (left > 0) {
      left -= blanks.length;
      if (!response.write(blanks)) return;
    }
    response.off('drain', writeOn).end(body);
  };
  response.on('drain', writeOn);
  writeOn();
}

function rewritten(body: string, rewrite: (value: unknown) => unknown): string {
  return JSON.stringify(rewrite(parseJson(body)));
}

/** An answer is an object; its members become what they are not. */
function otherMembers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typeof member === 'object' ? JSON.stringify(member) : otherValues(member),
    ]),
  );
}

/** The same objects and lists, with other values in them. */
function otherValues(value: unknown): unknown {
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return value.map(otherValues);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, otherValues(member)]));
}
