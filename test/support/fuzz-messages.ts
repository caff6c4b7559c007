import type { Dice } from './fuzz-dice.ts';
import type { Known } from './fuzz-documents.ts';
import { anyRequest } from './fuzz-request.ts';
import type { FuzzSocket } from './fuzz-socket.ts';
import { nested, oddText, oddValue } from './fuzz-values.ts';

type Send = (socket: FuzzSocket) => void;

const json = (value: unknown) => JSON.stringify(value);

/** What the service takes at most, and one more (limits.messageBytes). */
const tooLarge = 1024 * 1024 + 1;

const smallSubscriptions = [
  'subscription { campaignUpdated { cursor } }',
  'subscription { campaignUpdated(ids: ["campaign:selzy-main:501"]) { cursor campaign { id name } } }',
  'subscription { campaignStatusChanged(filter: { search: "a" }) { revision } }',
  'subscription { accountUpdated { name health { state } } }',
  'subscription { taskUpdated { id status } }',
] as const;

/** A message that keeps to the protocol, so that the connection lasts; its content may be anything. */
export function politeMessage(dice: Dice, known: Known, number: number): Send {
  const kind = dice.below(20);
  const some = `${dice.below(number + 1)}`;
  if (kind < 4) return (socket) => socket.send(json({ type: 'complete', id: some }));
  if (kind === 4) {
    const payload = dice.chance(0.5) ? oddValue(dice) : undefined;
    const type = dice.oneOf(['ping', 'pong']);
    const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
    return (socket) => socket.send(json({ type, ...(isObject && { payload }) }));
  }
  if (kind === 5) return (socket) => socket.ping();
  const operation = kind < 12 ? { query: dice.oneOf(smallSubscriptions) } : anyRequest(dice, known, 0.3);
  const message = Buffer.from(json({ type: 'subscribe', id: `${number}`, payload: operation }));
  const middle = dice.below(message.length);
  if (kind === 12) return (socket) => socket.send(message, { binary: true });
  if (kind !== 13) return (socket) => socket.send(String(message));
  return (socket) => {
    socket.send(message.subarray(0, middle), { fin: false, binary: false });
    socket.send(message.subarray(middle), { fin: true, binary: false });
  };
}

/** A message that breaks the protocol: the server closes the connection, or takes it for what it is. */
export function rudeMessage(dice: Dice): Send {
  const subscribe = { type: 'subscribe', id: 'rude', payload: { query: dice.oneOf(smallSubscriptions) } };
  const send =
    (data: string | Buffer, options = {}): Send =>
    (socket) =>
      socket.send(data, options);
  const rude: readonly [Send, ...Send[]] = [
    send(oddText(dice)),
    send(json(oddValue(dice))),
    send(json({ type: oddValue(dice), id: oddValue(dice), payload: oddValue(dice) })),
    send(json({ ...subscribe, id: oddValue(dice) })),
    send(json({ ...subscribe, payload: oddValue(dice) })),
    send(json({ ...subscribe, payload: { ...subscribe.payload, variables: oddValue(dice) } })),
    send(json({ ...subscribe, payload: { ...subscribe.payload, operationName: oddValue(dice) } })),
    send(json({ ...subscribe, payload: { ...subscribe.payload, extensions: oddValue(dice) } })),
    send(json({ type: dice.oneOf(['next', 'error', 'connection_ack']), id: 'rude', payload: {} })),
    send(json({ type: 'connection_init', payload: oddValue(dice) })),
    send(
      `{"type":"subscribe","id":"rude","payload":{"query":"{ __typename }","variables":{"a":${nested(20_000, dice)}}}}`,
    ),
    send(`{"type":"ping","payload":${nested(100_000, dice)}}`),
    send(' '.repeat(tooLarge)),
    send(Buffer.of(0xff, 0xfe, 0, 1, 2), { binary: true }),
    send(Buffer.of(0xff, 0xfe, 0x80), { binary: false }),
    send('{"type":"ping"', { fin: false }),
    (socket) => {
      for (let time = 0; time < 2; time += 1) socket.send(json(subscribe));
    },
    (socket) => {
      for (let time = 0; time < 300; time += 1) {
        socket.send(json(subscribe));
        socket.send(json({ type: 'complete', id: subscribe.id }));
      }
    },
    (socket) => socket.write(Buffer.from(dice.times(1, 40, () => dice.below(256)))),
    // A frame that says it has 2^63 bytes, and one of an unknown sort.
    (socket) =>
      socket.write(Buffer.of(0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4)),
    (socket) => socket.write(Buffer.of(0x83, 0x80, 1, 2, 3, 4)),
  ];
  return dice.oneOf(rude);
}
