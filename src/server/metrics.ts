import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricsSource {
  /** How many campaigns each account follows. */
  followed(): Iterable<readonly [account: string, count: number]>;
}

/** The service's own numbers, in the Prometheus format; their names are part of the contract. */
export function createMetrics(source: MetricsSource) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'campaign_graph_provider_requests_total',
    help: 'Requests sent to providers, by how they ended: an HTTP status, timeout, network or aborted.',
    labelNames: ['account', 'operation', 'outcome'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'campaign_graph_provider_request_seconds',
    help: 'How long requests to providers took.',
    labelNames: ['account', 'operation'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers,
  });
  const changes = new Counter({
    name: 'campaign_graph_changes_total',
    help: 'Changes of campaigns written to the log, by what led to them.',
    labelNames: ['account', 'cause'],
    registers,
  });
  const subscribers = new Gauge({
    name: 'campaign_graph_subscribers',
    help: 'Subscriptions that are open now.',
    registers,
  });
  const groups = new Gauge({
    name: 'campaign_graph_subscription_groups',
    help: 'Groups of subscriptions that are executed together.',
    registers,
  });
  const executions = new Counter({
    name: 'campaign_graph_subscription_executions_total',
    help: 'Executions of a subscription document for an event.',
    registers,
  });
  const deliveries = new Counter({
    name: 'campaign_graph_subscription_deliveries_total',
    help: 'Events handed to subscribers.',
    registers,
  });
  const deliverySeconds = new Histogram({
    name: 'campaign_graph_change_to_delivery_seconds',
    help: 'From a change being seen to its being handed to a subscriber.',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60],
    registers,
  });
  new Gauge({
    name: 'campaign_graph_followed_campaigns',
    help: 'Campaigns that are polled.',
    labelNames: ['account'],
    registers,
    collect() {
      for (const [account, count] of source.followed()) this.set({ account }, count);
    },
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),

    request(account: string, operation: string, outcome: string, seconds: number): void {
      requests.inc({ account, operation, outcome });
      requestSeconds.observe({ account, operation }, seconds);
    },

    change(account: string, cause: string): void {
      changes.inc({ account, cause });
    },

    subscriptionOpened(): void {
      subscribers.inc();
    },

    subscriptionClosed(): void {
      subscribers.dec();
    },

    groups: (count: number): void => groups.set(count),

    executed: (): void => executions.inc(),

    /** @param seconds null where nothing changed, as with a present state */
    delivered(seconds: number | null): void {
      deliveries.inc();
      if (seconds !== null) deliverySeconds.observe(seconds);
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
