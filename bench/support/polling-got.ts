import got from 'got';
import { z } from 'zod';
import { answerParent, cpuMs } from './child.ts';

/** The fastest that got reads campaigns: so many requests at a time, each followed by the next. */

let ended = false;
const loops: Promise<void>[] = [];

const orderSchema = z.object({ url: z.string(), campaigns: z.number(), atATime: z.number() });

async function readOn({ url, campaigns, atATime }: z.output<typeof orderSchema>, first: number) {
  for (let read = first; !ended; read += atATime) {
    await got(`${url}/notifications/campaigns/${read % campaigns}`, {
      headers: { authorization: 'Bearer key' },
    }).json();
  }
}

answerParent(
  {
    cpuMs,
    start(value) {
      const order = orderSchema.parse(value);
      for (let first = 0; first < order.atATime; first += 1) loops.push(readOn(order, first));
    },
  },
  async () => {
    ended = true;
    await Promise.all(loops);
  },
);
