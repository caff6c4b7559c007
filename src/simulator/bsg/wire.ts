import type { CampaignState, Counters } from '../campaign.ts';
import { type Answer, json } from '../http.ts';
import { overlay, type WireObject } from '../overlay.ts';
import { wireTime } from '../wire-time.ts';

/** `{message, errors}`: an empty list, or per field what is wrong with it. */
export function failure(
  status: number,
  message: string,
  errors: Readonly<Record<string, readonly string[]>> | readonly [] = [],
  headers: Record<string, string> = {},
): Answer {
  return json(status, { message, errors }, headers);
}

export function invalid(field: string, problem: string): Answer {
  return failure(422, 'The given data was invalid.', { [field]: [problem] });
}

function time(ms: number | null): string | null {
  return ms === null ? null : wireTime(ms);
}

function wireId(state: CampaignState): number | string {
  const id = Number(state.externalId);
  return Number.isSafeInteger(id) ? id : state.externalId;
}

type Buckets = Record<string, number>;

/** Where the messages stand that have not been sent: all in the bucket that fits the campaign's status. */
function waitingBuckets(status: string, waiting: number): Buckets {
  switch (status) {
    case 'moderation':
    case 'spam':
      return { moderation: waiting };
    case 'creation':
    case 'scheduled':
    case 'stopped':
      return { scheduled: waiting };
    case 'paused':
      return { accepted: waiting };
    default:
      return { accepted: Math.floor(waiting / 4), sending: waiting - Math.floor(waiting / 4) };
  }
}

/**
 * Exclusive buckets: every message is in the one it is in now, and they add up to `total_messages` (README 2.4).
 * Here `sent` means sent and waiting for a report.
 */
function buckets(status: string, counters: Counters): Buckets {
  const { delivered, opened, undelivered, expired, failed, unknown, notOnService } = counters;
  const reported = delivered + undelivered + expired + unknown + notOnService;
  return {
    delivered: delivered - opened,
    sent: Math.max(0, counters.sent - reported),
    scheduled: 0,
    moderation: 0,
    accepted: 0,
    sending: 0,
    expired,
    failed,
    undelivered,
    unknown,
    read: opened,
    not_viber_user: notOnService,
    not_rcs_user: 0,
    ...waitingBuckets(status, Math.max(0, counters.messages - counters.sent - failed)),
  };
}

/** DetailCampaignSchema of bsg-openapi.yaml. */
export function detailWire(state: CampaignState): WireObject {
  const wire = {
    id: wireId(state),
    name: state.name,
    sender: state.sender,
    status: state.status,
    type: state.channel,
    started_at: wireTime(state.scheduledAt ?? state.createdAt),
    actual_start_at: time(state.startedAt),
    finished_at: time(state.finishedAt),
    created_at: wireTime(state.createdAt),
    statistics: buckets(state.status, state.counters),
    total_messages: state.counters.messages,
    total_phones: state.counters.recipients,
    total_price: state.price.toFixed(7),
    currency: state.currency,
    alternative_channels: [],
  };
  return overlay(wire, state.extra);
}

/** CampaignSchema of bsg-openapi.yaml: here `sent` is everything that was ever sent. */
export function shortWire(state: CampaignState): WireObject {
  const wire = {
    id: wireId(state),
    name: state.name,
    sender: state.sender,
    status: state.status,
    message_type: state.channel,
    start_at: wireTime(state.scheduledAt ?? state.createdAt),
    real_start_at: time(state.startedAt),
    finished_at: time(state.finishedAt),
    created_at: wireTime(state.createdAt),
    statistics: { delivered: state.counters.delivered, sent: state.counters.sent },
    // Only the answers to "create" and "calculate price" know it.
    calculated_price: null,
    currency: state.currency,
    alternative_channels: null,
  };
  return overlay(wire, state.extra);
}
