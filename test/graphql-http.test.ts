import { serverAudits } from 'graphql-http';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp } from './support/app.ts';

let url = '';

/** No audit asks for anything that another could disturb, so one service answers them all. */
beforeAll(async () => {
  const app = await startTestApp({
    accounts: [{ name: 'appizer-main', provider: 'appizer', apiKey: 'never-used' }],
  });
  url = `${app.url}/graphql`;
  return () => app.stop();
});

describe('the audit of "GraphQL over HTTP"', () => {
  const audits = serverAudits({ url: () => url });

  test('is whole', () => expect(audits.length).toBeGreaterThanOrEqual(61));

  test.each(audits.map((audit) => ({ title: `${audit.id} ${audit.name}`, audit })))(
    '$title',
    async ({ audit }) => {
      const { status, ...told } = await audit.fn();
      expect({ status, reason: 'reason' in told ? told.reason : null }).toEqual({
        status: 'ok',
        reason: null,
      });
    },
  );
});
