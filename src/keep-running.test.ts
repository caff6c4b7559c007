import { pino } from 'pino';
import { expect, test } from 'vitest';
import { until } from '../test/support/wait.ts';
import { keepRunning } from './keep-running.ts';

/** A service that can be told that its database has gone back; `start` may be made to fail. */
function createServices() {
  const events: string[] = [];
  const goBack: (() => void)[] = [];
  let failures = 0;

  async function start() {
    if (failures > 0) {
      failures -= 1;
      events.push('failed');
      throw new Error('The database is away.');
    }
    const number = goBack.length;
    const gone = Promise.withResolvers<void>();
    goBack.push(gone.resolve);
    events.push(`started ${number}`);
    return {
      number,
      goneBack: gone.promise,
      async stop() {
        events.push(`stopped ${number}`);
      },
    };
  }

  return {
    events,
    goBack,
    fail(times: number) {
      failures = times;
    },
    run: () =>
      keepRunning({
        start,
        onReady: ({ number }) => events.push(`ready ${number}`),
        logger: pino({ level: 'silent' }),
      }),
  };
}

test('a service whose database has gone back is stopped, and started until that succeeds', async () => {
  const { events, goBack, fail, run } = createServices();
  const { service, stop } = run();
  expect(await service()).toMatchObject({ number: 0 });
  fail(1);
  goBack[0]?.();
  await until(() => events.includes('ready 1'));
  expect(await service()).toMatchObject({ number: 1 });
  await stop();
  expect(events).toEqual([
    'started 0',
    'ready 0',
    'stopped 0',
    'failed',
    'started 1',
    'ready 1',
    'stopped 1',
  ]);
});

test('the first start fails for good', async () => {
  const { events, fail, run } = createServices();
  fail(1);
  const { service, stop } = run();
  await expect(service()).rejects.toThrow('The database is away.');
  await stop();
  expect(events).toEqual(['failed']);
});

test('nothing is started any more once it is being stopped', async () => {
  const { events, goBack, fail, run } = createServices();
  const { service, stop } = run();
  await service();
  fail(100);
  goBack[0]?.();
  await until(() => events.includes('failed'));
  await stop();
  const { length } = events;
  expect(events.filter((event) => event.startsWith('ready'))).toEqual(['ready 0']);

  const other = createServices();
  const running = other.run();
  await running.service();
  const stopping = running.stop();
  other.goBack[0]?.();
  await stopping;
  expect(other.events).toEqual(['started 0', 'ready 0', 'stopped 0']);
  expect(events).toHaveLength(length);
});
