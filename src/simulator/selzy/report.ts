import type { CampaignState } from '../campaign.ts';
import { wireTime } from '../wire-time.ts';
import type { ReportTable } from './table.ts';

/** What became of each recipient of a campaign, by the recipient's number from 0. */
export interface Report {
  channel: string;
  /** The latest send_result. */
  words: readonly string[];
  /** Since when it holds: ms since 1970, in whole seconds. */
  changedAt: readonly number[];
}

/** Which part of a report is wanted: rows that changed at this moment (ms) or later, with additional fields. */
export interface ReportView {
  changedSince: number;
  fieldIds: readonly number[];
}

type Words = readonly [string, ...string[]];
type Segment = readonly [count: number, words: Words];

const rowLimit = 20_000;

const bounceWords: { readonly email: readonly Words[]; readonly sms: readonly Words[] } = {
  email: [
    ['err_mailbox_full', 'err_delivery_failed', 'err_giveup'],
    ['err_user_unknown', 'err_user_inactive', 'err_domain_inactive', 'err_spam_rejected'],
  ],
  sms: [['err_delivery_failed'], ['err_dest_invalid']],
};

/**
 * The recipients in order, cut into pieces that give the counters when they are rolled up as providers/README.md 1.4
 * says: only a click implies an opening. As counters grow, a recipient's word only ever goes forward in time.
 */
function segmentsOf({ channel, counters }: CampaignState): Segment[] {
  const { recipients, sent, delivered, opened, clicked, failed, unknown } = counters;
  const complained = Math.min(counters.complained, delivered - opened);
  const unsubscribed = Math.min(counters.unsubscribed, delivered - opened - complained);
  const soft = counters.softBounced + counters.expired + counters.notOnService;
  const hard = counters.hardBounced + counters.undelivered;
  const [softWords = ['err_delivery_failed'], hardWords = ['err_dest_invalid']] =
    channel === 'sms' ? bounceWords.sms : bounceWords.email;
  return [
    [complained, ['ok_fbl']],
    [unsubscribed, ['ok_unsubscribed']],
    [clicked, ['ok_link_visited']],
    [opened - clicked, ['ok_read']],
    [delivered - opened - complained - unsubscribed, ['ok_delivered']],
    [sent - delivered - soft - hard - unknown, ['ok_sent']],
    [recipients - sent - failed, ['not_sent']],
    [unknown, ['err_lost']],
    [soft, softWords],
    [hard, hardWords],
    [failed, ['err_skip_letter']],
  ];
}

/** One word per recipient; of a campaign that is too large, as many as fit, in the same proportions. */
function wordsOf(state: CampaignState): string[] {
  const { recipients } = state.counters;
  const scale = Math.min(1, rowLimit / recipients);
  const total = Math.min(recipients, rowLimit);
  const words: string[] = [];
  let reached = 0;
  for (const [count, choice] of segmentsOf(state)) {
    reached += Math.max(0, count);
    const end = Math.min(total, Math.round(reached * scale));
    while (words.length < end) words.push(choice[words.length % choice.length] ?? choice[0]);
  }
  return words;
}

/**
 * A report on the campaign as it is now (ms). A word that differs from the previous report's changed just now; in a
 * first report the changes are spread over the sending so far.
 */
export function reportOf(state: CampaignState, previous: Report | null, now: number): Report {
  const until = Math.min(now, state.finishedAt ?? now);
  const from = Math.min(until, state.startedAt ?? state.createdAt);
  const words = wordsOf(state);
  const changedAt = words.map((word, index) => {
    if (previous?.words[index] === word) return previous.changedAt[index] ?? now;
    // The golden ratio's multiples fill the span evenly, in no visible order.
    const at = previous ? now : from + (until - from) * ((index * 0.618_034) % 1);
    return Math.floor(at / 1_000) * 1_000;
  });
  return { channel: state.channel, words, changedAt };
}

/** What an additional field says of a recipient; one in three is empty and one needs its quotes. */
function fieldOf(index: number, id: number): string {
  return ['Bergen', 'Harbour Street 7, "North"', ''][(index + id) % 3] ?? '';
}

/** What the file holds, as providers/README.md 1.2 describes it: phones instead of addresses, and no times, for SMS. */
export function tableOf(report: Report, { changedSince, fieldIds }: ReportView): ReportTable {
  const isSms = report.channel === 'sms';
  const fieldNames = fieldIds.map((id) => `field_${id}`);
  const changed = [...report.changedAt.keys()].filter(
    (index) => (report.changedAt[index] ?? 0) >= changedSince,
  );
  return {
    header: isSms
      ? ['phone', 'send_result', ...fieldNames]
      : ['email', 'send_result', 'last_update', ...fieldNames],
    rowCount: changed.length,
    row(number) {
      const index = changed[number] ?? 0;
      const word = report.words[index] ?? '';
      const fields = fieldIds.map((id) => fieldOf(index, id));
      if (isSms) return [String(15_550_000_001 + index), word, ...fields];
      return [`reader${index + 1}@example.com`, word, wireTime(report.changedAt[index] ?? 0), ...fields];
    },
  };
}
