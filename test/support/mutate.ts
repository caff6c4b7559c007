import { expect } from 'vitest';
import type { SimulatedProvider } from '../../src/simulator/simulator.ts';
import type { TestApp } from './app.ts';

const inputTypes: Readonly<Record<string, string>> = {
  createCampaign: 'CreateCampaignInput',
  updateCampaign: 'UpdateCampaignInput',
  deleteCampaigns: 'DeleteCampaignsInput',
};

const errorFields = 'errors { code message path providerCode }';

/**
 * Runs a mutation that takes an `input`, and gives its payload.
 * @param campaignFields what is asked for of the payload of one campaign
 */
export async function mutate(
  app: TestApp,
  mutation: string,
  input: object,
  campaignFields = `campaign { id name status } ${errorFields}`,
) {
  const type = inputTypes[mutation] ?? 'CampaignActionInput';
  const fields = mutation === 'deleteCampaigns' ? `deletedIds ${errorFields}` : campaignFields;
  const query = `mutation ($input: ${type}!) { answer: ${mutation}(input: $input) { ${fields} } }`;
  const { data, errors } = await app.request(query, { input });
  expect(errors).toBeUndefined();
  return data.answer;
}

/** Octeth's commands that arrived and change something, in their order. */
export function changingCommands({ requests }: Pick<SimulatedProvider, 'requests'>): string[] {
  return requests.map(({ operation }) => operation).filter((operation) => !operation.endsWith('.Get'));
}
