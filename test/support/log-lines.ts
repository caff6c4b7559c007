import { z } from 'zod';

const line = z.looseObject({ level: z.number(), msg: z.string().default('') });
export type LogLine = z.output<typeof line>;

/** Where a logger writes to, and what it has written. */
export function collectLines() {
  const texts: string[] = [];
  return {
    texts,
    write: (text: string): void => void texts.push(text),
    /** @param msg only those that say this */
    lines: (msg?: string): LogLine[] =>
      texts.map((text) => line.parse(JSON.parse(text))).filter((one) => msg === undefined || one.msg === msg),
  };
}
