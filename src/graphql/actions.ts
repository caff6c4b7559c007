import type { ActionName, CampaignAction } from '../generated/graphql.ts';
import type { Capability, Provider } from '../providers/provider.ts';

/** What an action needs of the provider. */
const needed: Readonly<Record<ActionName, Capability>> = {
  UPDATE: 'UPDATE',
  COPY: 'COPY',
  APPROVE: 'APPROVE',
  PAUSE: 'PAUSE',
  RESUME: 'RESUME',
  CANCEL: 'CANCEL',
  DELETE: 'DELETE',
  REQUEST_DELIVERY_REPORT: 'DELIVERY_REPORT',
};

const names: readonly ActionName[] = [
  'UPDATE',
  'COPY',
  'APPROVE',
  'PAUSE',
  'RESUME',
  'CANCEL',
  'DELETE',
  'REQUEST_DELIVERY_REPORT',
];

/** What can be done with a campaign of that provider: nothing so far, as this API reads campaigns only. */
export function actionsOf({ title, capabilities }: Provider): CampaignAction[] {
  return names.map((name) => {
    const offered = capabilities.includes(needed[name]);
    const reason = offered
      ? 'This version of the service does not change campaigns.'
      : `${title} offers no such action.`;
    return { name, allowed: false, reason };
  });
}
