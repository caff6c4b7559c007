import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LiveState } from '../live/live.ts';

export interface MetricsSource {
  /** How many campaigns each account follows. */
  followed(): Iterable<readonly [account: string, count: number]>;
  live(): LiveState;
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
  const mergedSteps = new Counter({
    name: 'campaign_graph_subscription_merged_steps_total',
    help: 'Steps that subscribers who were behind were told in one event with others.',
    registers,
  });
  const deliverySeconds = new Histogram({
    name: 'campaign_graph_change_to_delivery_seconds',
    help: 'From a change being seen to its being handed to the last of those who are told it together.',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60],
    registers,
  });
  gaugeOf('campaign_graph_subscribers', 'Subscriptions that are open now.', (live) => live.subscribers);
  gaugeOf(
    'campaign_graph_subscription_groups',
    'Groups of subscriptions that are executed together.',
    (live) => live.groups,
  );
  gaugeOf(
    'campaign_graph_subscribers_behind',
    'Subscriptions that have not caught up with the log.',
    (live) => live.behind,
  );
  gaugeOf(
    'campaign_graph_subscription_lag_entries',
    'Entries of the log that the subscription furthest behind has yet to go through.',
    (live) => live.lag,
  );
  new Gauge({
    name: 'campaign_graph_followed_campaigns',
    help: 'Campaigns that are polled.',
    labelNames: ['account'],
    registers,
    collect() {
      // Accounts that are there no more have no number.
      this.reset();
      for (const [account, count] of source.followed()) this.set({ account }, count);
    },
  });

  function gaugeOf(name: string, help: string, value: (live: LiveState) => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(source.live()));
      },
    });
  }

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

    executed: (): void => executions.inc(),

    /**
     * An event has been handed to so many subscribers.
     * @param steps how many steps it tells as one
     * @param seconds since the change was seen; null where nothing changed, as with a present state
     */
    delivered(subscribers: number, steps: number, seconds: number | null): void {
      deliveries.inc(subscribers);
      if (steps > 1) mergedSteps.inc(steps * subscribers);
      if (seconds !== null && subscribers > 0) deliverySeconds.observe(seconds);
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
