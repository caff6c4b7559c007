import { expect } from 'vitest';
import type { CampaignReading, CampaignStatus } from '../../src/model/campaign.ts';
import { type ProblemCode, ProblemError } from '../../src/model/problem.ts';
import type { CounterName } from '../../src/model/stats.ts';
import type { Call } from '../../src/providers/http.ts';
import type { Provider } from '../../src/providers/provider.ts';
import {
  type CampaignChange,
  type Fault,
  type SimulatedProvider,
  startSimulator,
} from '../../src/simulator/simulator.ts';
import { openConnection } from './sample-server.ts';

/** What the contract suite has to know of one provider: its words on the wire, and what it tells. */
export interface Contract {
  /** `sentCampaign` with this laid over it is read as `reading` (raw, warnings and externalId aside). */
  readonly campaign: CampaignChange;
  readonly reading: Told;
  /** Every word for a status and what it means. Source: providers/README.md 1.6, 2.6, 3.5 and 4.5. */
  readonly statuses: readonly (readonly [CampaignChange & { status: string }, CampaignStatus])[];
  /** Where the counters stand that the provider tells as such. */
  readonly counters: Partial<Record<CounterName, string>>;
  /** Which fields of a read's answer tell which members of the reading; none but the status is left out. */
  readonly fields: readonly (readonly [names: readonly string[], members: readonly (keyof Told)[]])[];
  /** What an answer tells in which nothing but the id and the status stands. */
  readonly bare: Told;
  /** How long a limit lasts, in ms, where the answer says 7 s and where it says nothing. */
  readonly limitedForMs: { readonly told: unknown; readonly untold: unknown };
  /** What somebody else's campaign is: not there (null), or a problem. */
  readonly foreign: null | 'PROVIDER_FORBIDDEN';
  /** What the provider's changes are called on the wire; those that it doesn't offer are absent. */
  readonly changes: Partial<Record<ChangeName, ContractChange>>;
  /** How many requests a change makes where each is answered with 401: 2 where it tries a new token. */
  readonly sentAfterRefusal: 1 | 2;
  /** null where the provider can't list. */
  readonly list: null | {
    readonly operation: string;
    readonly pageSize: number;
    readonly idName: string;
    readonly reading: Told;
  };
}

/** Members of `changes`, each with the capability and the action of its name. */
export const changeNames = [
  'create',
  'update',
  'copy',
  'approve',
  'pause',
  'resume',
  'cancel',
  'delete',
] as const;

export type ChangeName = (typeof changeNames)[number];

export interface ContractChange {
  /** The request that changes something, as the simulator calls it. */
  readonly operation: string;
  /** What a campaign is read as afterwards, or its copy, where it was something else before. */
  readonly becomes?: CampaignStatus;
}

/** What a reading tells, apart from the id that was asked for, the answer itself and remarks. */
export type Told = Omit<CampaignReading, 'externalId' | 'raw' | 'warnings'>;

export interface ContractOptions {
  /** The simulator's own unless told otherwise. */
  readonly apiKey?: string;
  /** With a key that is known and may do nothing. */
  readonly restricted?: boolean;
  readonly baseUrl?: string;
  readonly timeoutMs?: number;
  /** Campaigns that live by themselves; 0: only those that are added. */
  readonly campaigns?: number;
}

/** A provider's adapter over the simulator of its name. */
export async function openAtSimulator(provider: Provider, options: ContractOptions = {}) {
  const simulator = await startSimulator({ campaigns: options.campaigns ?? 0 });
  const simulated = new Map<string, SimulatedProvider>(Object.entries(simulator.providers)).get(
    provider.name,
  );
  if (!simulated)
    throw new Error(`The simulator has no ${provider.name}: add it, as every provider has one.`);
  const ownKey = options.restricted ? simulated.restrictedKey : simulated.apiKey;
  const source = provider.open(
    { apiKey: options.apiKey ?? ownKey, baseUrl: options.baseUrl ?? simulated.baseUrl },
    openConnection({ timeoutMs: options.timeoutMs ?? 5_000 }),
  );
  const read = (id: string, signal?: AbortSignal) => source.read(id, callOf(signal));

  return {
    simulated,
    list: source.list,
    changes: source.changes,
    read,
    /** A reading of a campaign that is there. */
    async known(id: string): Promise<CampaignReading> {
      const reading = await read(id);
      if (!reading) throw new Error(`${provider.name} knows no campaign ${id}.`);
      return reading;
    },
    async listed(signal?: AbortSignal): Promise<CampaignReading[]> {
      const pages = await Array.fromAsync(source.list?.pages(callOf(signal)) ?? []);
      return pages.flat();
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

function callOf(signal: AbortSignal | undefined): Call {
  return { priority: 'person', ...(signal && { signal }) };
}

/** Leaves fields out of an answer, as a campaign's `extra`. */
export function without(names: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** The problem that something fails with; anything else fails the test. */
export async function problemOf(doing: Promise<unknown>): Promise<ProblemError> {
  const outcome = await doing.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ProblemError);
  if (!(outcome instanceof ProblemError)) throw new TypeError('It did not fail.');
  return outcome;
}

/** What can go wrong at any provider, and what it is called here. */
export const faults: readonly (readonly [Fault, ProblemCode])[] = [
  [{ kind: 'unauthorized' }, 'PROVIDER_UNAUTHENTICATED'],
  [{ kind: 'rateLimited' }, 'PROVIDER_RATE_LIMITED'],
  [{ kind: 'status', status: 500 }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'status', status: 502 }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'status', status: 503 }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'hang' }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'drop' }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'dropMidBody' }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'empty' }, 'PROVIDER_BAD_RESPONSE'],
  [{ kind: 'html' }, 'PROVIDER_BAD_RESPONSE'],
  [{ kind: 'garbage' }, 'PROVIDER_BAD_RESPONSE'],
];
