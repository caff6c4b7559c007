import { describe, expect, test, vi } from 'vitest';
import { placeholder, problemsOf, secret } from '../test/support/config.ts';

describe('YAML that is none is told by its line, which is not quoted', () => {
  const lines = (value: string) => `accounts:\n  - name: shop\n    provider: selzy\n    apiKey: ${value}\n`;

  test.each([
    `"${secret}`,
    `'${secret}`,
    `@${secret}`,
    `\`${secret}`,
    `[${secret}`,
    `{${secret}`,
    `*${secret}`,
    `${secret}: ${secret}: x`,
    `%${secret}`,
    `${secret}\n    apiKey: ${secret}`,
    `|${secret}`,
  ])('%j', (value) => {
    const problems = problemsOf(lines(value));
    expect(problems).toEqual([expect.stringMatching(/^(line \d+|configuration): /)]);
    expect(problems.join()).not.toContain(secret);
  });

  test.each([`!${secret}`, `!${secret} key`, `!!${secret} key`, `&${secret} key`])(
    '%j, which is YAML, is not repeated by the library either',
    (value) => {
      using warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const told = [...problemsOf(lines(value)), ...warnings.mock.calls.map(String)];
      expect(told.join()).not.toContain(secret);
    },
  );
});

test('no message holds a secret, wherever it stands and whatever is wrong with it', () => {
  const fromEnvironment = placeholder('SECRET');
  const config = {
    server: { host: fromEnvironment, publicUrl: fromEnvironment, allowedOrigins: [fromEnvironment] },
    database: fromEnvironment,
    accounts: [
      {
        name: `A ${fromEnvironment}`,
        provider: 'selzy',
        apiKey: [fromEnvironment],
        baseUrl: fromEnvironment,
      },
      { name: 'b', provider: fromEnvironment },
      {
        name: 'c',
        provider: 'octeth',
        apiKey: fromEnvironment,
        sessionId: fromEnvironment,
        timeZone: fromEnvironment,
      },
      {
        name: 'd',
        provider: 'bsg',
        apiKey: fromEnvironment,
        channel: fromEnvironment,
        requestBudget: fromEnvironment,
      },
    ],
    polling: { fastest: fromEnvironment },
    follow: [{ account: 'd', externalId: [fromEnvironment] }],
  };
  const problems = problemsOf(config);
  expect(problems.length).toBeGreaterThan(12);
  expect(problems.filter((sentence) => sentence.includes(secret))).toEqual([]);
});
