import type { CampaignState } from '../campaign.ts';
import { type Answer, json } from '../http.ts';
import { overlay, type WireObject } from '../overlay.ts';

const errorNames: Readonly<Record<number, readonly [error: string, code: string, message: string]>> = {
  400: ['Bad Request', 'INVALID_REQUEST', 'The request is invalid'],
  401: ['Unauthorized', 'INVALID_API_KEY', 'Invalid API key'],
  403: ['Forbidden', 'INSUFFICIENT_PERMISSIONS', 'API key does not have permission for this operation'],
  404: ['Not Found', 'NOT_FOUND', 'Campaign not found'],
  405: ['Method Not Allowed', 'INVALID_REQUEST', 'Method not allowed'],
  429: ['Too Many Requests', 'RATE_LIMIT_EXCEEDED', 'Rate limit exceeded'],
  500: ['Internal Server Error', 'INTERNAL_ERROR', 'Something went wrong on our end'],
  503: ['Service Unavailable', 'SERVICE_UNAVAILABLE', 'The service is unavailable'],
};

interface ErrorParts {
  code?: string;
  message?: string;
  details?: WireObject;
  headers?: Record<string, string>;
}

/** `{error, message, code, details?}`, providers/README.md 4.2. The codes of 404, 405, 500 and 503 are not documented. */
export function failure(status: number, { headers, ...parts }: ErrorParts = {}): Answer {
  const [error, code, message] = errorNames[status] ?? ['Error', `HTTP_${status}`, `HTTP status ${status}`];
  return json(status, { error, message, code, ...parts }, headers);
}

/** ISO 8601 with whole seconds and a Z. */
function isoTime(ms: number | null): string | null {
  return ms === null ? null : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A fraction of three digits; of nothing, it is 0. */
function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1_000) / 1_000;
}

/** appizer-campaign-status.txt, "Response". */
export function campaignWire(state: CampaignState): WireObject {
  const { recipients, sent, delivered, opened, clicked, failed } = state.counters;
  const wire = {
    success: true,
    campaign_id: state.externalId,
    status: state.status,
    created_at: isoTime(state.createdAt),
    sent_at: isoTime(state.startedAt),
    completed_at: isoTime(state.finishedAt),
    stats: { total_recipients: recipients, sent, delivered, opened, clicked, failed },
    rates: {
      delivery_rate: rate(delivered, sent),
      open_rate: rate(opened, delivered),
      click_rate: rate(clicked, delivered),
    },
  };
  return overlay(wire, state.extra);
}
