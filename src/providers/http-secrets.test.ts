import { describe, expect, test } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { get, openServer, person, secret } from '../../test/support/http-client.ts';

describe('secrets', () => {
  test.each([
    ['as they are', secret],
    ['in a URL', encodeURIComponent(secret)],
    ['in JSON', JSON.stringify({ key: secret })],
  ])('are kept out of the message about a bad body, %s', async (_name, body) => {
    await using at = await openServer(() => ({ body: `<p>${body}</p>` }));
    const { message } = await problemOf(at.http.request(get, person));
    expect(message).toContain('[redacted]');
    expect(message).not.toContain('k3y');
  });

  test('are kept out even where the message is cut', async () => {
    const body = `${'x'.repeat(110)}${secret} and more`;
    await using at = await openServer(() => ({ body }));
    expect((await problemOf(at.http.request(get, person))).message).not.toContain('k3y');
  });

  test('that come later are kept out from then on', async () => {
    await using at = await openServer(() => ({ body: 'token abc-123-session' }));
    at.http.addToken('abc-123-session');
    expect((await problemOf(at.http.request(get, person))).message).toContain('token [redacted]');
    expect(at.http.redactText('x abc-123-session')).toBe('x [redacted]');
    expect(at.http.redactJson({ note: [secret, 'abc-123-session'], token: 1 })).toEqual({
      note: ['[redacted]', '[redacted]'],
      token: '[redacted]',
    });
  });

  test('that come again and again are forgotten once they are old, and the key never is', async () => {
    await using at = await openServer(() => ({ body: {} }));
    const tokens = Array.from({ length: 30 }, (_, place) => `session-token-${place}-`);
    for (const token of tokens) at.http.addToken(token);
    const [first = '', last = ''] = [tokens[0], tokens.at(-1)];
    expect(at.http.redactText(`${secret} ${first} ${last}`)).toBe(`[redacted] ${first} [redacted]`);
  });
});
