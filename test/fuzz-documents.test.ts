import { test } from 'vitest';
import { expectAnswer, expectWithout } from './support/fuzz-answer.ts';
import { diceFor } from './support/fuzz-dice.ts';
import { goWithoutGrowth } from './support/fuzz-growth.ts';
import { anyHttpRequest } from './support/fuzz-request.ts';
import { startFuzzWorld } from './support/fuzz-world.ts';

const seed = 7;
const requests = 12_000;

test(`${requests} requests with documents and variables of every sort are answered as GraphQL says`, {
  timeout: 120_000,
}, async () => {
  await using world = await startFuzzWorld();
  const { app, known } = world;

  async function run(number: number): Promise<void> {
    const request = anyHttpRequest(diceFor(seed, number), known);
    const answer = await app.send(request);
    expectAnswer(answer);
    expectWithout(answer.body, world.secretsFor(request.headers?.authorization));
  }

  await goWithoutGrowth(app, { count: requests, seed, run });
});
