import { createServer } from 'node:http';
import { answerParent } from './child.ts';

/** Appizer as far as reading goes: every campaign has the same counters at all times. */

let served = 0;

const server = createServer(({ url = '' }, response) => {
  served += 1;
  const body = JSON.stringify({
    campaign_id: url.slice(url.lastIndexOf('/') + 1),
    status: 'sending',
    created_at: '2026-03-02T10:30:00Z',
    sent_at: '2026-03-02T10:35:00Z',
    completed_at: null,
    stats: { total_recipients: 1250, sent: 1245, delivered: 1200, opened: 450, clicked: 120, failed: 5 },
    rates: { delivery_rate: 0.964, open_rate: 0.375, click_rate: 0.1 },
  });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});

answerParent(
  {
    async start() {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
      return `http://127.0.0.1:${address.port}/v1`;
    },
    served: () => served,
  },
  async () => {
    server.closeAllConnections();
    server.close();
  },
);
