import { expect, test } from 'vitest';
import { providerNames } from './support/app.ts';
import { runScript } from './support/process.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** Sends a query; throws on any error in the answer. */
async function ask(url: string, query: string) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  expect(errors).toBeUndefined();
  return data;
}

test('with nothing configured it says ready, once, and serves moving campaigns of all four providers', async () => {
  await using service = runScript('src/main.ts', ['--port', '0']);
  const url = await service.ready();
  const found = await until(async () => {
    const { accounts, campaigns } = await ask(
      url,
      '{ accounts { name health { state } } campaigns(first: 500) { nodes { provider { name } } } }',
    );
    const names = new Set(campaigns.nodes.map((node: { provider: { name: string } }) => node.provider.name));
    return names.size === 4 && accounts;
  });
  expect(found).toEqual(providerNames.map((name) => ({ name: `${name}-main`, health: { state: 'UP' } })));
  expect(service.output.match(/ready/g)).toHaveLength(1);
  const welcome = service.output;
  service.send('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.output, 'nothing but the welcome on standard output').toBe(welcome);
});

test('it is live and ready, and tells its metrics under the promised names', async () => {
  await using service = runScript('src/main.ts', ['--port', '0']);
  const url = await service.ready();
  using told = overWebSocket(url, 'subscription { campaignUpdated { cursor } }');
  await told.atLeast(1);
  for (const path of ['/health/live', '/health/ready']) {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toBeTypeOf('object');
  }
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain');
  const text = await response.text();
  for (const sample of [
    'campaign_graph_provider_requests_total\\{account="selzy-main",operation="getCampaigns",outcome="200"\\} [1-9]',
    'campaign_graph_provider_request_seconds_bucket\\{le="0.1",account="selzy-main",operation="getCampaigns"\\} \\d',
    'campaign_graph_changes_total\\{account="octeth-main",cause="POLL"\\} [1-9]',
    'campaign_graph_followed_campaigns\\{account="appizer-main"\\} [1-9]',
    'campaign_graph_subscribers 1$',
    'campaign_graph_subscription_groups 1$',
    'campaign_graph_subscription_executions_total [1-9]',
    'campaign_graph_subscription_deliveries_total [1-9]',
    'campaign_graph_change_to_delivery_seconds_bucket\\{le="\\+Inf"\\} [1-9]',
    'process_cpu_seconds_total \\d',
    'process_resident_memory_bytes [1-9]',
    'process_start_time_seconds [1-9]',
    'nodejs_eventloop_lag_seconds \\d',
    'nodejs_heap_size_used_bytes [1-9]',
  ]) {
    expect(new RegExp(`^${sample}`, 'm').test(text), sample).toBe(true);
  }
});

test('a status changes at each of the four providers within a minute', { timeout: 70_000 }, async () => {
  await using service = runScript('src/main.ts', ['--port', '0']);
  using told = overWebSocket(
    await service.ready(),
    'subscription { campaignStatusChanged { transitions { from } campaign { provider { name } } } }',
  );
  const changed = () =>
    new Set(
      told.events
        .filter(({ transitions }) => transitions.some(({ from }: { from: string | null }) => from !== null))
        .map(({ campaign }) => campaign.provider.name),
    );
  await until(() => changed().size === 4, 60_000).catch(() => {});
  expect([...changed()].sort()).toEqual([...providerNames].sort());
  expect(told.errors).toEqual([]);
});
