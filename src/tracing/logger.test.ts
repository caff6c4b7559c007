import { describe, expect, test } from 'vitest';
import { collectLines } from '../../test/support/log-lines.ts';
import { createRedactor } from '../providers/redact.ts';
import { createLogger } from './logger.ts';
import { during } from './work.ts';

const secret = 'k3y/with "odd" letters';

function open(level = 'info', secrets = [secret]) {
  const log = collectLines();
  const redactor = createRedactor(secrets);
  return { ...log, redactor, logger: createLogger(level, redactor, log) };
}

describe('no secret gets into a line', () => {
  test.each([
    ['a message', `asked with ${secret}`, {}],
    ['a field', 'asked', { url: `https://example.com/?key=${encodeURIComponent(secret)}` }],
    ['the name of a field', 'asked', { [secret]: true }],
    ['a field deep down', 'asked', { answer: { list: [{ words: `no ${secret} here` }] } }],
    ['JSON in a field', 'asked', { body: JSON.stringify({ key: secret }) }],
    ['an error', 'failed', { err: new Error(`refused: ${secret}`, { cause: new Error(secret) }) }],
  ])('with %s', (_name, message, fields) => {
    const { logger, texts, lines } = open();
    logger.info(fields, message);
    expect(texts.join('')).toContain('[redacted]');
    expect(texts.join('')).not.toMatch(/k3y/);
    expect(lines()).toHaveLength(1);
  });

  test('that was added later, in what was logged by a child too', () => {
    const { logger, texts, redactor } = open('info', []);
    const child = logger.child({ session: 'session-0123456789' });
    redactor.addSecret('session-0123456789');
    child.info('token session-0123456789');
    expect(texts.join('')).not.toContain('session-0123456789');
  });

  test('nor what stands under the name of one, or at the end of a webhook', () => {
    const { logger, lines, texts } = open();
    logger.info({ request: { apiKey: 'unknown-1', authorization: ['unknown-2'] } }, 'asked');
    logger.info('notified at https://example.com/webhooks/shop/0123456789abcdef0');
    expect(lines()[0]?.request).toEqual({ apiKey: '[redacted]', authorization: '[redacted]' });
    expect(texts.join('')).not.toMatch(/unknown|0123456789abcdef0/);
  });
});

test('what holds no secret is as it was, and a line is one line', () => {
  const { logger, lines, texts } = open();
  logger.info({ account: 'shop', ms: 1.5, path: 'C:\\temp', list: [null, true] }, 'two\nlines');
  expect(lines()).toEqual([
    expect.objectContaining({
      level: 30,
      account: 'shop',
      ms: 1.5,
      path: 'C:\\temp',
      list: [null, true],
      msg: 'two\nlines',
    }),
  ]);
  expect(texts[0]?.indexOf('\n')).toBe((texts[0]?.length ?? 0) - 1);
});

test('a secret that stands in a number, or that is short, leaves a line that can be read', () => {
  const { logger, lines } = open('info', ['30', '"', ',']);
  logger.info({ count: 1305, at30: 30 }, 'a "word", and 30');
  expect(lines('a [redacted]word[redacted][redacted] and [redacted]')).toEqual([
    expect.objectContaining({ level: 30, count: 1305, 'at[redacted]': 30 }),
  ]);
});

test('the level says what is written', () => {
  const { logger, lines } = open('warn');
  logger.info('less');
  logger.error('more');
  expect(lines().map(({ msg }) => msg)).toEqual(['more']);
  expect(open('silent').logger.isLevelEnabled('fatal')).toBe(false);
});

test('a level that there is not is told with those that there are', () => {
  expect(() => open('loud')).toThrow('LOG_LEVEL: there are trace, debug, info, warn, error, fatal, silent');
});

test('what is logged while a person waits bears the id of the request', () => {
  const { logger, lines } = open();
  const work = { requestId: 'r-1', who: null, operation: null, errors: 0, span: null };
  during(work, () => logger.error('broken'));
  logger.error('also broken');
  expect(lines().map(({ requestId }) => requestId)).toEqual(['r-1', undefined]);
});
