import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

describe('a text', () => {
  test('loses every occurrence of every secret, and nothing else', () => {
    const text = 'key abc-123, again abc-123; session xyz_9; key abc-12';
    expect(createRedactor(['abc-123', 'xyz_9']).text(text)).toBe(
      'key [redacted], again [redacted]; session [redacted]; key abc-12',
    );
  });

  test.each([
    ['as it is', (secret: string) => secret],
    ['in a URL', encodeURIComponent],
    ['in a form', (secret: string) => new URLSearchParams({ key: secret }).toString().slice(4)],
    ['in JSON', (secret: string) => JSON.stringify({ key: secret })],
    [
      'in a URL with small hex digits',
      (secret: string) => encodeURIComponent(secret).replaceAll(/%../g, lower),
    ],
  ])('loses a secret with odd letters %s', (_name, encode) => {
    const secret = 'k3y/+&="\\ é!(~)';
    const clean = createRedactor([secret]).text(`before ${encode(secret)} after`);
    expect(clean).toMatch(/^before .*\[redacted\].* after$/);
    expect(clean).not.toContain('k3y');
  });

  test('loses the whole of a secret that begins with another', () => {
    expect(createRedactor(['abc', 'abcdef']).text('token abcdef')).toBe('token [redacted]');
    expect(createRedactor(['abcdef', 'abc']).text('token abcdef')).toBe('token [redacted]');
  });

  test('is left alone by an empty secret, and by letters that mean something to expressions', () => {
    expect(createRedactor(['', '.', '$&']).text('a text')).toBe('a text');
    expect(createRedactor(['$&', 'a+b']).text('price $& of a+b')).toBe('price [redacted] of [redacted]');
  });

  test('loses a secret that was added later too, in every form', () => {
    const redactor = createRedactor(['abc-123']);
    expect(redactor.text('abc-123, x/yz')).toBe('[redacted], x/yz');
    redactor.addSecret('x/yz');
    redactor.addSecret('');
    expect(redactor.text('abc-123, x/yz, x%2Fyz')).toBe('[redacted], [redacted], [redacted]');
    expect([redactor.mayFind('"x/yz"'), redactor.json({ 'x/yz': 'x/yz' })]).toEqual([
      true,
      { '[redacted]': '[redacted]' },
    ]);
  });

  test('loses the newest tokens of each holder, and what is no token for good', () => {
    const redactor = createRedactor(['lasting']);
    redactor.addSecret('added');
    redactor.addToken('theirs', 'other');
    const tokens = Array.from({ length: 20 }, (_, place) => `token-${place}-`);
    for (const token of tokens) redactor.addToken(token, 'main');
    const isKept = (token: string) => redactor.text(token) === '[redacted]';
    expect(['lasting', 'added', 'theirs'].every(isKept)).toBe(true);
    expect(tokens.filter(isKept)).toEqual(tokens.slice(12));
    expect(redactor.mayFind('token-0-')).toBe(false);
  });

  test('loses a token as long as somebody holds it, and one that is held anew as if it were new', () => {
    const redactor = createRedactor([]);
    redactor.addToken('shared', 'main');
    redactor.addToken('shared', 'other');
    redactor.addToken('again', 'main');
    for (let place = 0; place < 7; place += 1) redactor.addToken(`token-${place}`, 'main');
    redactor.addToken('again', 'main');
    redactor.addToken('token-7', 'main');
    expect(redactor.text('shared again token-0 token-1')).toBe('[redacted] [redacted] token-0 [redacted]');
  });

  test('holds no secret afterwards, whatever it was', () => {
    const anySecret = fc
      .string({ minLength: 6, unit: 'grapheme' })
      .filter((secret) => !'[redacted]'.includes(secret));
    fc.assert(
      fc.property(anySecret, fc.string(), fc.string(), (secret, before, after) => {
        expect(createRedactor([secret]).text(`${before}${secret}${after}`)).not.toContain(secret);
        expect(createRedactor([secret]).text(JSON.stringify({ before, secret, after }))).not.toContain(
          JSON.stringify(secret),
        );
      }),
    );
  });
});

describe('a JSON value', () => {
  test('loses secrets at every depth, in names too, and keeps its shape', () => {
    const value = {
      note: 'key abc-123',
      list: ['abc-123', { deep: ['x abc-123 y', 5, null, true] }],
      'abc-123': 1,
      count: 123,
    };
    expect(createRedactor(['abc-123']).json(value)).toEqual({
      note: 'key [redacted]',
      list: ['[redacted]', { deep: ['x [redacted] y', 5, null, true] }],
      '[redacted]': 1,
      count: 123,
    });
  });

  test.each([
    'apiKey',
    'api_key',
    'api-key',
    'APIKey',
    'SessionID',
    'session_id',
    'bearer',
    'token',
    'Authorization',
    'password',
    'secret',
  ])('loses what stands under %s, known or not', (name) => {
    for (const unknown of ['unknown', 12345, { deep: 'unknown' }, ['unknown']]) {
      const text = JSON.stringify(createRedactor([]).json({ data: [{ [name]: unknown, tokens: 'kept' }] }));
      expect(text).toBe(JSON.stringify({ data: [{ [name]: '[redacted]', tokens: 'kept' }] }));
    }
  });

  test.each([null, undefined, 5, true, 'text', [], {}])('%j is the same afterwards', (value) => {
    expect(createRedactor(['secret-key']).json(value)).toEqual(value);
  });

  test('is not changed itself', () => {
    const value = { note: 'key abc-123', inner: { token: 'x' } };
    createRedactor(['abc-123']).json(value);
    expect(value).toEqual({ note: 'key abc-123', inner: { token: 'x' } });
  });

  test('may have any name for a member', () => {
    const value = JSON.parse('{"__proto__": {"note": "abc-123"}, "constructor": 1}');
    expect(JSON.stringify(createRedactor(['abc-123']).json(value))).toBe(
      '{"__proto__":{"note":"[redacted]"},"constructor":1}',
    );
  });
});

describe('a JSON text may hold something to take out', () => {
  const redactor = createRedactor(['key/abc-123']);

  test.each([
    '{"note": "KEY/abc-123"}',
    '{"note": "key%2Fabc-123"}',
    // In as many ways as it can be escaped.
    '{"note": "key\\/abc-123"}',
    '{"note": "\\u006bey/abc-123"}',
    '{"Api_Key" : 5}',
    '{"url": "https://example.com/webhooks/shop/0123456789abcdef0"}',
  ])('%s', (json) => expect(redactor.mayFind(json)).toBe(true));

  test.each(['{"note": "abc-123"}', '{"tokens": "key"}', '[]', ''])('but not %s', (json) => {
    expect(redactor.mayFind(json)).toBe(false);
    expect(createRedactor([]).mayFind(json)).toBe(false);
  });
});

function lower(text: string): string {
  return text.toLowerCase();
}
