import { expect, test } from 'vitest';
import { readSample } from '../../../test/support/sample-server.ts';
import { parseWire } from '../read.ts';
import { envelope, taskResult } from './wire.ts';

test.each([
  ['task-new', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'new', null, null],
  ['task-processing', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'processing', 'getCampaignDeliveryStats', null],
  ['task-completed', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'completed', 'exportContacts', '[URL to AWS]'],
  [
    'task-notification',
    'ff719cf2-4ed9-11e9-8647-d663bd873d93',
    'completed',
    'exportContacts',
    '[URL to AWS]',
  ],
  ['task-new-other', '027cde16-372f-11ed-ae48-8a164c4ce964', 'new', null, null],
])('the documented task of %s is read', async (name, task_uuid, status, task_type, file_to_download) => {
  const { result } = parseWire(envelope, (await readSample('selzy', name)).body, 'answer');
  expect(parseWire(taskResult, result, 'task')).toEqual({ task_uuid, task_type, status, file_to_download });
});
