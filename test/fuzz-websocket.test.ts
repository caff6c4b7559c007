import { expect, test } from 'vitest';
import { type Dice, diceFor } from './support/fuzz-dice.ts';
import { goWithoutGrowth } from './support/fuzz-growth.ts';
import { politeMessage, rudeMessage } from './support/fuzz-messages.ts';
import { authorization } from './support/fuzz-request.ts';
import { openFuzzSocket } from './support/fuzz-socket.ts';
import { startFuzzWorld } from './support/fuzz-world.ts';

const seed = 11;
const connections = 950;
const messages = 34_000;

function protocolsOf(dice: Dice): string | string[] {
  if (dice.chance(0.97)) return 'graphql-transport-ws';
  return dice.oneOf([[], 'graphql-ws', ['nothing', 'graphql-transport-ws']]);
}

test(`${messages} messages over WebSocket, in and out of the protocol's order, end no more than their own connections`, {
  timeout: 120_000,
}, async () => {
  await using world = await startFuzzWorld();
  const { app, known } = world;
  let sent = 0;

  async function run(number: number): Promise<void> {
    const dice = diceFor(seed, number);
    const payload = authorization(dice);
    const secrets = world.secretsFor(payload.authorization);
    const socket = await openFuzzSocket(app.url, { protocols: protocolsOf(dice), secrets });
    if (dice.chance(0.97)) await socket.greet(payload);
    const count = 20 + dice.below(45);
    for (let message = 0; message < count; message += 1) {
      politeMessage(dice, known, message)(socket);
      if (dice.chance(0.05)) await socket.read();
    }
    if (dice.chance(0.6)) rudeMessage(dice)(socket);
    if (dice.chance(0.9)) await socket.read();
    sent += socket.sent;
    await socket.end(dice.chance(0.7) ? 'close' : 'terminate');
  }

  await goWithoutGrowth(app, { count: connections, seed, run });
  expect(sent).toBeGreaterThanOrEqual(messages);
});
