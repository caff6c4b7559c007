import { describe, expect, test } from 'vitest';
import { problemOf } from '../../../test/support/contract.ts';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { DeliveryOutcome, ReportOrder, TaskStatus } from '../../model/task.ts';
import type { DeliveryReports } from '../provider.ts';
import { selzy } from './index.ts';
import { outcomeOf, readTask, rowReader } from './report.ts';

const call = { priority: 'poll' } as const;
const whole: ReportOrder = { changedSince: null, fieldIds: [] };

describe('send_result', () => {
  // Source: providers/README.md 1.4.
  test.each<[DeliveryOutcome, readonly string[]]>([
    ['PENDING', ['not_sent', 'delayed', 'err_will_retry', 'err_resend']],
    ['SENT', ['ok_sent']],
    ['DELIVERED', ['ok_delivered', 'ok_spam_folder', 'err_spam_folder']],
    ['OPENED', ['ok_read']],
    ['CLICKED', ['ok_link_visited']],
    ['UNSUBSCRIBED', ['ok_unsubscribed']],
    ['COMPLAINED', ['ok_fbl']],
    [
      'HARD_BOUNCED',
      [
        ...['err_user_unknown', 'err_user_inactive', 'err_mailbox_discarded', 'err_domain_inactive'],
        ...['err_no_dns', 'err_no_smtp', 'err_dest_invalid', 'err_unreachable'],
      ],
    ],
    [
      'SOFT_BOUNCED',
      [
        ...['err_mailbox_full', 'err_too_large', 'err_destination_misconfigured', 'err_giveup'],
        'err_delivery_failed',
      ],
    ],
    [
      'FAILED',
      [
        ...['err_spam_rejected', 'err_blacklisted', 'err_spam_skipped', 'err_spam_removed'],
        ...['err_spam_may_retry', 'err_spam_retry', 'err_lost', 'err_internal'],
      ],
    ],
    [
      'SUPPRESSED',
      [
        ...['err_unsubscribed', 'err_skip_letter', 'err_not_available', 'err_not_allowed'],
        ...['err_over_quota', 'err_src_invalid'],
        ...['skip_dup_unreachable', 'skip_dup_temp_unreachable', 'skip_dup_mailbox_full'],
      ],
    ],
  ])('is %s for each of its words', (outcome, words) => {
    expect(words.map((word) => [word, outcomeOf(word)])).toEqual(words.map((word) => [word, outcome]));
    expect(words.map((word) => outcomeOf(word.toUpperCase()))).toEqual(words.map(() => outcome));
  });

  // Official rule: "new values may appear -> match by prefix".
  test.each<[string, DeliveryOutcome]>([
    ['ok_teleported', 'SENT'],
    ['ok_', 'SENT'],
    ['err_meteorite', 'FAILED'],
    ['ERR_Meteorite', 'FAILED'],
    ['skip_dup_moon', 'SUPPRESSED'],
    ['skip_full_moon', 'SUPPRESSED'],
    ['err', 'UNKNOWN'],
    ['ok', 'UNKNOWN'],
    ['not_read', 'UNKNOWN'],
    ['teleported_ok_', 'UNKNOWN'],
    ['', 'UNKNOWN'],
    ['constructor', 'UNKNOWN'],
  ])('%j, which is in no document, is %s', (word, outcome) => {
    expect(outcomeOf(word)).toBe(outcome);
  });
});

describe('a task', () => {
  const uuid = 'ff719cf2-4ed9-11e9-8647-d663bd873d93';
  const other = '027cde16-372f-11ed-ae48-8a164c4ce964';

  test.each([
    ['task-new', uuid, 'QUEUED', 'new', null],
    ['task-new-other', other, 'QUEUED', 'new', null],
    ['task-processing', uuid, 'RUNNING', 'processing', null],
    ['task-completed', uuid, 'COMPLETED', 'completed', '[URL to AWS]'],
  ] as const)('%s is read from its sample', async (name, task, status, providerStatus, fileUrl) => {
    const sample = await readSample('selzy', name);
    await using server = await startSampleServer(() => sample);
    const { reports } = open(server.url);
    expect(await reports.result(task, call)).toEqual({ uuid: task, status, providerStatus, fileUrl });
  });

  // Source: providers/README.md 1.5.
  test.each<[string, TaskStatus | null]>([
    ['new', 'QUEUED'],
    ['queued', 'QUEUED'],
    ['processing', 'RUNNING'],
    ['completed', 'COMPLETED'],
    ['Completed', 'COMPLETED'],
    ['error', 'FAILED'],
    ['failed', 'FAILED'],
    ['expired', 'FAILED'],
    ['defrosting', null],
  ])('that is "%s" is %s', (status, read) => {
    expect(readTask({ task_uuid: uuid, status })).toMatchObject({ status: read, providerStatus: status });
  });

  test.each([null, '', ' ', [], false])('whose file is %j has none', (file_to_download) => {
    expect(readTask({ task_uuid: uuid, status: 'completed', file_to_download })).toMatchObject({
      fileUrl: null,
    });
  });

  test.each([
    [{}],
    [null],
    [[]],
    [{ status: 'new' }],
    [{ task_uuid: '', status: 'new' }],
    [{ task_uuid: uuid }],
    [{ task_uuid: uuid, status: '' }],
    [{ task_uuid: [uuid], status: 'new' }],
  ])('%j is none', async (result) => {
    const problem = await problemOf(Promise.try(() => readTask(result)));
    expect(problem.code).toBe('PROVIDER_BAD_RESPONSE');
  });
});

describe('a line', () => {
  const mail = ['email', 'send_result', 'last_update'];
  const row = { outcome: 'OPENED', providerResult: 'ok_read', updatedAt: Date.UTC(2024, 1, 6, 13, 0, 10) };
  const time = '2024-02-06 13:00:10';

  test.each([
    [mail, ['a@example.com', 'ok_read', time], 'a@example.com'],
    [['last_update', 'email', 'send_result'], [time, 'a@example.com', 'ok_read'], 'a@example.com'],
    [
      [' Email ', 'SEND_RESULT', 'Last_Update'],
      [' a@example.com ', ' ok_read ', ` ${time} `],
      'a@example.com',
    ],
    [['phone', 'send_result', 'last_update'], ['15550000001', 'ok_read', time], '15550000001'],
    [['id', ...mail, 'list'], ['7', 'a@example.com', 'ok_read', time, 'news'], 'a@example.com'],
  ])('under %j', (header, cells, recipient) => {
    expect(rowReader(header, whole)?.(cells)).toEqual({ recipient, ...row, fields: null });
  });

  test.each([
    ['no column for times', ['phone', 'send_result'], ['15550000001', 'ok_read']],
    ['an empty time', mail, ['15550000001', 'ok_read', '']],
    ['what is no time', mail, ['15550000001', 'ok_read', 'yesterday']],
    ['the zero date', mail, ['15550000001', 'ok_read', '0000-00-00 00:00:00']],
    ['too few cells', mail, ['15550000001', 'ok_read']],
  ])('with %s has none', (_what, header, cells) => {
    expect(rowReader(header, whole)?.(cells)).toMatchObject({ recipient: '15550000001', updatedAt: null });
  });

  test('keeps the word as it was sent', () => {
    expect(rowReader(mail, whole)?.(['a@example.com', 'Err_Meteorite', time])).toMatchObject({
      outcome: 'FAILED',
      providerResult: 'Err_Meteorite',
    });
  });

  test.each([
    [['', 'ok_read', time]],
    [['  ', 'ok_read', time]],
    [['a@example.com', '', time]],
    [['a@example.com']],
    [[]],
  ])('%j can not be read', (cells) => {
    expect(rowReader(mail, whole)?.(cells)).toBeNull();
  });

  test.each([
    [[]],
    [['']],
    [['<!DOCTYPE html>']],
    [['email', 'last_update']],
    [['send_result', 'last_update']],
    [['recipient', 'send_result']],
  ])('under %j is none of a report', (header) => {
    expect(rowReader(header, whole)).toBeNull();
  });

  test('has additional fields by their ids, in the order in which they were asked for', () => {
    const read = rowReader([...mail, 'City', 'Street'], { ...whole, fieldIds: [7, 3] });
    expect(read?.(['a@example.com', 'ok_read', time, 'Bergen', ' Harbour 7 '])?.fields).toEqual({
      7: 'Bergen',
      3: ' Harbour 7 ',
    });
    expect(read?.(['a@example.com', 'ok_read', time])?.fields).toEqual({ 7: '', 3: '' });
    // Wherever they stand.
    const first = rowReader(['City', 'email', 'send_result'], { ...whole, fieldIds: [7] });
    expect(first?.(['Bergen', 'a@example.com', 'ok_read'])?.fields).toEqual({ 7: 'Bergen' });
  });
});

function open(baseUrl: string): { reports: DeliveryReports } {
  const source = selzy.open({ apiKey: 'key-1', baseUrl: `${baseUrl}/en/api` }, openConnection());
  if (!source.reports) throw new Error('Selzy offers reports.');
  return { reports: source.reports };
}

describe('a request', () => {
  const changedSince = Date.UTC(2024, 1, 6, 3, 0, 10, 987);

  test.each<[string, ReportOrder, string | null, readonly string[][]]>([
    ['for all', whole, null, []],
    ['for what has changed', { ...whole, changedSince }, null, [['changed_since', '2024-02-06 03:00:10']]],
    [
      'for additional fields',
      { ...whole, fieldIds: [12, 3] },
      null,
      [
        ['field_ids[]', '12'],
        ['field_ids[]', '3'],
      ],
    ],
    [
      'with an address to notify',
      whole,
      'https://campaigns.example.com/webhooks/selzy-main/a-b_c',
      [['notify_url', 'https://campaigns.example.com/webhooks/selzy-main/a-b_c']],
    ],
  ])('%s is a form, and nothing stands in the URL', async (_what, order, notifyUrl, more) => {
    const sample = await readSample('selzy', 'task-new');
    await using server = await startSampleServer(() => sample);
    const { reports } = open(server.url);
    expect(await reports.request('1234', order, notifyUrl, call)).toMatchObject({ status: 'QUEUED' });
    const [received] = server.received;
    expect(received).toMatchObject({ method: 'POST', url: '/en/api/async/getCampaignDeliveryStats' });
    const always = [
      ['api_key', 'key-1'],
      ['campaign_id', '1234'],
      ['format', 'json'],
    ];
    const form = [...new URLSearchParams(received?.body)];
    // Sorting keeps what is repeated in its order.
    expect(form.toSorted(byName)).toEqual([...always, ...more].toSorted(byName));
  });

  test('for how far it is names the task', async () => {
    const sample = await readSample('selzy', 'task-processing');
    await using server = await startSampleServer(() => sample);
    await open(server.url).reports.result('ff719cf2', call);
    const [received] = server.received;
    expect(received).toMatchObject({ method: 'POST', url: '/en/api/async/getTaskResult' });
    expect(Object.fromEntries(new URLSearchParams(received?.body))).toEqual({
      api_key: 'key-1',
      format: 'json',
      task_uuid: 'ff719cf2',
    });
  });

  test.each<[Answer, string]>([
    [{ body: { error: 'Task not found. Provided uuid: u', code: 'unspecified', result: '' } }, 'NOT_FOUND'],
    [{ body: { error: 'invalid arg task_uuid', code: 'invalid_arg', result: '' } }, 'BAD_INPUT'],
    [{ body: { result: '' } }, 'PROVIDER_BAD_RESPONSE'],
    [{ body: '<html>' }, 'PROVIDER_BAD_RESPONSE'],
    [{ status: 503, body: {} }, 'PROVIDER_UNAVAILABLE'],
  ])('that is answered with %j fails (%s)', async (answer, code) => {
    await using server = await startSampleServer(() => answer);
    const { reports } = open(server.url);
    expect((await problemOf(reports.result('u', call))).code).toBe(code);
    expect((await problemOf(reports.request('1234', whole, null, call))).code).toBe(code);
    expect(server.received).toHaveLength(2);
  });

  test('for a campaign that can not be there asks nobody', async () => {
    await using server = await startSampleServer(() => ({ body: {} }));
    const { reports } = open(server.url);
    for (const id of ['camp_1', '-1', '1 2', '']) {
      expect((await problemOf(reports.request(id, whole, null, call))).code).toBe('NOT_FOUND');
    }
    expect(server.received).toEqual([]);
  });
});

function byName([one = '']: readonly string[], [other = '']: readonly string[]): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
