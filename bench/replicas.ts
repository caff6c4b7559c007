import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Child, startChild } from './support/child.ts';
import { account } from './support/fanout-message.ts';
import { type Replica, type ReplicaSet, startReplicas } from './support/replica-set.ts';
import { median, printMachine, printTable, quantile } from './support/report.ts';

/**
 * Several replicas on one PostgreSQL: how long a change takes to a client of another replica, beside NOTIFY with nothing
 * round it; how many changes a second get into the log; how many messages a second get out; and what accounts cost that
 * nothing happens to.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    turns: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '10' },
    clients: { type: 'string', default: '1200' },
    accounts: { type: 'string', default: '1000' },
  },
});
const turns = Number(values.turns);
const seconds = Number(values.seconds);
const clientCount = Number(values.clients);
const accountCount = Number(values.accounts);

const counts = [1, 2, 3];
/** What may lie between, at the median. */
const aimMs = 5;
/** Between one thing that is timed and the next. */
const pauseMs = 10;
/** Messages that are sent at full speed, after a fifth of them to warm up. */
const messages = 200_000;
/** So many changes are made at once: who is told of more than 100 at a time gets them merged. */
const step = 20;
const atOnce = [1, 100];

async function connect(replica: Replica, clients: number): Promise<Child> {
  const child = startChild('fanout-clients.ts');
  await child.ask('connect', { url: replica.url, clients, campaigns: 1 });
  // Everyone is told the present state first.
  await child.ask('received', clients);
  return child;
}

const at = (value: unknown) => z.number().parse(value);

/** Takes turns at a change and at NOTIFY, so that what else goes on disturbs both alike. */
async function measureDelays(): Promise<void> {
  await using set = await startReplicas(2);
  const [one, other] = set.replicas;
  if (!one || !other) throw new Error('There are not two replicas.');
  await using here = await connect(one, 1);
  await using there = await connect(other, 1);
  await using speaker = startChild('notify-process.ts');
  await using listener = startChild('notify-process.ts');
  await speaker.ask('speak', set.database);
  await listener.ask('listen', set.database);
  const made: number[] = [];
  const spoken: number[] = [];
  const roundTrips: number[] = [];

  async function turn(): Promise<void> {
    made.push(at(await one?.child.ask('change', account)));
    await Promise.all([here.ask('received', made.length), there.ask('received', made.length)]);
    await delay(pauseMs);
    for (const way of ['plain', 'stored']) {
      spoken.push(at(await speaker.ask(way)));
      await listener.ask('heard', spoken.length);
      await delay(pauseMs);
    }
    roundTrips.push(at(await speaker.ask('roundTrip')));
    await delay(pauseMs);
  }

  for (const clients of [here, there]) await clients.ask('reset', true);
  for (let made = 0; made < turns + turns / 5; made += 1) await turn();
  const received = async (clients: Child) =>
    z.array(z.number()).parse(await clients.ask('delays', { made, campaigns: 1 }));
  const heardAt = z.array(z.number()).parse(await listener.ask('heard', spoken.length));
  const heard = heardAt.map((time, place) => time - (spoken[place] ?? Number.NaN));
  // The first of them warm everything up.
  const row = (name: string, delays: readonly number[]) => {
    const counted = delays.slice(-turns);
    return [name, ...[0.5, 0.9, 0.99].map((share) => quantile(counted, share).toFixed(2))];
  };
  const across = await received(there);
  const plain = heard.filter((_time, place) => place % 2 === 0);
  printTable(
    [`${turns} changes, one at a time`, 'p50 ms', 'p90 ms', 'p99 ms'],
    [
      row('a change, to a client of another replica', across),
      row('a change, to a client of the same replica', await received(here)),
      row(
        'a row and then NOTIFY, to another process',
        heard.filter((_time, place) => place % 2 === 1),
      ),
      row('NOTIFY alone, to another process', plain),
      row('NOTIFY to another process, and back', roundTrips),
    ],
  );
  const change = median(across.slice(-turns));
  const aboveMs = change - median(roundTrips.slice(-turns));
  const aboveOneWayMs = change - median(plain.slice(-turns));
  console.log(
    `A change is received ${aboveMs.toFixed(2)} ms after a NOTIFY could have come and gone back (${aboveOneWayMs.toFixed(2)} after it has come), at the median. Aim: at most ${aimMs}: ${aboveMs <= aimMs ? 'yes' : 'NO'}\n`,
  );
}

/** What so many things cost, each of them. */
async function costsOf(set: ReplicaSet, work: () => Promise<number>) {
  const before = await set.costs();
  const startedAt = performance.now();
  const things = await work();
  const ms = performance.now() - startedAt;
  const after = await set.costs();
  const added = after.postgres.logEntries - before.postgres.logEntries;
  return {
    perSecond: (things * 1_000) / ms,
    replicasMicros: ((after.replicasCpuMs - before.replicasCpuMs) * 1_000) / things,
    postgresMicros: ((after.postgres.cpuMs - before.postgres.cpuMs) * 1_000) / things,
    walBytes: (after.postgres.walBytes - before.postgres.walBytes) / things,
    logBytes: (after.postgres.logBytes - before.postgres.logBytes) / added,
  };
}

/** Every replica writes what it reads as fast as it gets stored. */
async function measureWrites(): Promise<void> {
  const rows: string[][] = [];
  for (const count of counts) {
    await using set = await startReplicas(count);
    for (const lanes of atOnce) {
      const write = async (ms: number) => {
        const stored = set.replicas.map(({ child, accounts }) =>
          child.ask('write', { accounts, ms, atOnce: lanes }),
        );
        return (await Promise.all(stored)).reduce<number>((sum, one) => sum + at(one), 0);
      };
      await write(seconds * 200);
      const costs = await costsOf(set, () => write(seconds * 1_000));
      const figures = [costs.replicasMicros, costs.postgresMicros, costs.walBytes, costs.logBytes];
      rows.push([
        `${count}, ${lanes === 1 ? 'one after another' : `${lanes} at once`}`,
        ...[costs.perSecond, ...figures].map((figure) => figure.toFixed(0)),
      ]);
    }
  }
  printTable(
    ['replicas, changes of each', 'changes/s', 'CPU µs', 'of PostgreSQL', 'WAL bytes', 'bytes kept'],
    rows,
  );
}

/** One campaign's changes to clients that are spread over all replicas. */
async function measureFanout(): Promise<void> {
  const rows: string[][] = [];
  for (const count of counts) {
    await using set = await startReplicas(count);
    const [first] = set.replicas;
    const each = Math.floor(clientCount / count);
    await using stack = new AsyncDisposableStack();
    const clients: Child[] = [];
    for (const replica of set.replicas) clients.push(stack.use(await connect(replica, each)));

    async function send(total: number): Promise<number> {
      const changes = Math.max(step, Math.ceil(total / clientCount));
      for (const child of clients) await child.ask('reset');
      const until = (made: number) =>
        Promise.all(clients.map((child) => child.ask('received', Math.max(0, made) * each)));
      for (let made = 0; made < changes; made += step) {
        await until(made - 3 * step);
        await first?.child.ask('publish', { account, changes: Math.min(step, changes - made) });
      }
      await until(changes);
      return changes * each * count;
    }

    await send(messages / 5);
    const costs = await costsOf(set, () => send(messages));
    rows.push([
      String(count),
      costs.perSecond.toFixed(0),
      costs.replicasMicros.toFixed(1),
      costs.postgresMicros.toFixed(1),
    ]);
  }
  printTable(
    [`replicas, ${clientCount} clients of one campaign`, 'messages/s', 'CPU µs', 'of PostgreSQL'],
    rows,
  );
}

/** Leases are renewed every second, whatever happens. */
async function measureAccounts(): Promise<void> {
  const rows: string[][] = [];
  for (const accounts of [2, accountCount]) {
    await using set = await startReplicas(2, accounts);
    await delay(5_000);
    // A thing is a millisecond.
    const costs = await costsOf(set, async () => {
      await delay(seconds * 1_000);
      return seconds * 1_000;
    });
    const share = (micros: number) => `${(micros / 10).toFixed(1)} %`;
    rows.push([
      String(accounts),
      share(costs.replicasMicros),
      share(costs.postgresMicros),
      costs.walBytes.toFixed(1),
    ]);
  }
  printTable(
    ['accounts, 2 replicas, nothing happens', 'of a core, replicas', 'PostgreSQL', 'WAL KB/s'],
    rows,
  );
}

const parts = {
  delays: measureDelays,
  writes: measureWrites,
  fanout: measureFanout,
  accounts: measureAccounts,
};

printMachine('node bench/replicas.ts');
for (const [name, measure] of Object.entries(parts)) {
  if (positionals.length === 0 || positionals.includes(name)) await measure();
}
