import type { Logger } from 'pino';
import type { SentRequest } from '../providers/http.ts';
import type { RequestOutcome } from '../providers/trouble.ts';
import type { Attributes, Tracing } from './span.ts';
import { workAtHand } from './work.ts';

/** Tells of every request to a provider, once it has ended: in a line of the log, and in a span. */
export function createProviderCalls(logger: Logger, tracing: Tracing) {
  /** @param seconds how long it took */
  return (
    account: string,
    operation: string,
    outcome: RequestOutcome,
    seconds: number,
    sent: SentRequest,
  ): void => {
    const { priority } = sent.call;
    // A poll may be begun by what a person does, but the person does not wait for it.
    const work = priority === 'person' ? workAtHand() : null;
    const level = work ? 'info' : 'debug';
    if (logger.isLevelEnabled(level)) {
      const ms = Math.round(seconds * 10_000) / 10;
      const requestId = work?.requestId;
      logger[level]({ account, operation, outcome, ms, priority, requestId }, 'provider request');
    }

    if (!tracing.isOn) return;
    const begin = work?.span?.child ?? tracing.begin;
    const span = begin({
      name: operation,
      kind: 'client',
      attributes: attributesOf(account, operation, outcome, sent),
      startedAt: performance.now() - seconds * 1000,
    });
    span?.end(isSuccess(outcome) ? undefined : outcome);
  };
}

function attributesOf(
  account: string,
  operation: string,
  outcome: RequestOutcome,
  { call, method, host }: SentRequest,
): Attributes {
  const status = Number(outcome);
  const { hostname, port } = URL.parse(`http://${host}`) ?? { hostname: host, port: '' };
  return {
    'http.request.method': method,
    'server.address': hostname,
    ...(port !== '' && { 'server.port': Number(port) }),
    ...(!Number.isNaN(status) && { 'http.response.status_code': status }),
    'campaign_graph.account': account,
    'campaign_graph.operation': operation,
    'campaign_graph.priority': call.priority,
  };
}

function isSuccess(outcome: RequestOutcome): boolean {
  return Number(outcome) < 400;
}
