import { expect } from 'vitest';
import { readLines } from '../../src/tasks/lines.ts';

export const header = ['email', 'send_result', 'last_update'];
export const first = 'email,send_result,last_update\n';

/** A text in pieces of so many bytes, or as one. */
export async function* inPieces(text: string | Uint8Array, size = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function read(bytes: AsyncIterable<Uint8Array>) {
  const lines = await readLines(bytes);
  const records: string[][] = [];
  for await (const batch of lines.batches) records.push(...batch);
  return { header: lines.header, records, bad: lines.badLines() };
}

/** What a text is read as, which is the same however it is cut into pieces. */
export async function readText(text: string | Uint8Array) {
  const whole = await read(inPieces(text));
  for (const size of [1, 7]) expect(await read(inPieces(text, size))).toEqual(whole);
  return whole;
}

export function row(number: number): string[] {
  return [`reader${number}@example.com`, 'ok_read', '2024-02-06 13:00:10'];
}

export function line(number: number): string {
  const [email, result, at] = row(number);
  return `${email},${result},"${at}"\n`;
}

export function rows(from: number, to: number): string[][] {
  return Array.from({ length: to - from + 1 }, (_, index) => row(from + index));
}

export function linesOf(from: number, to: number): string {
  return rows(from, to)
    .map((_, index) => line(from + index))
    .join('');
}
