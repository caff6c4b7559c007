import { hash } from 'node:crypto';
import type { CampaignReading } from '../model/campaign.ts';

/** What a list says of a campaign, in short. The answer itself may differ in what means nothing to us. */
export function fingerprint({ raw: _raw, ...reading }: CampaignReading): string {
  return hash('sha1', JSON.stringify(reading), 'base64');
}
