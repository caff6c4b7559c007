import { expect, test } from 'vitest';
import { secretsOf } from './config-secrets.ts';

test.each([
  ['postgres://me:plain@host/db', ['plain', 'plain']],
  ['postgres://me:a%40b@host/db', ['a%40b', 'a@b']],
  ['postgres://me:100%@host/db', ['100%', '100%']],
  ['sqlite:./data.db', ['', '']],
])('the password of %s is a secret as it is written, and as it is meant', (database, secrets) => {
  expect(secretsOf({ auth: null, database })).toEqual(secrets);
});
