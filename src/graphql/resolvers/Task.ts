import type { TaskResolvers } from '../../generated/graphql.ts';
import { accountOf } from '../context.ts';

export const Task: TaskResolvers = {
  id: ({ key }) => `task:${key}`,
  account: (task, _args, context) => accountOf(task.account, context),

  async campaign({ campaignKey }, _args, { services }) {
    const campaign = await services.known.load(campaignKey);
    if (!campaign) throw new Error(`The campaign ${campaignKey} of a task is not known.`);
    return campaign;
  },

  // The provider may say anything there.
  fileUrl: ({ fileUrl }) => (fileUrl !== null && URL.canParse(fileUrl) ? fileUrl : null),

  report: ({ status, campaignKey }, _args, { services }) =>
    status === 'COMPLETED' ? services.reportStore.get(campaignKey) : null,
};
