import type { z } from 'zod';
import type { ActionName, CampaignUpdate } from '../model/action.ts';
import type { CampaignReading, CampaignStatus, Channel, KnownStatus } from '../model/campaign.ts';
import type { ProblemError } from '../model/problem.ts';
import type { DeliveryRow, ReportOrder, TaskReading } from '../model/task.ts';
import type { Call, Http, HttpOptions } from './http.ts';

export type Capability =
  | 'LIST'
  | 'STATS'
  | 'COST'
  | 'TAGS'
  | 'CREATE'
  | 'UPDATE'
  | 'COPY'
  | 'APPROVE'
  | 'PAUSE'
  | 'RESUME'
  | 'CANCEL'
  | 'DELETE'
  | 'DELIVERY_REPORT';

/** At most `limit` requests in any `windowSeconds`. */
export interface RequestBudget {
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface CampaignList {
  /** How much of a campaign one entry tells: as much as a single read, or little more than its status. */
  readonly covers: 'everything' | 'status';
  /**
   * All campaigns of the account, page by page, newest first where the provider can order.
   * @throws ProblemError
   */
  pages(call: Call): AsyncIterable<readonly CampaignReading[]>;
  /** Reads several campaigns, by their ids, as one entry of the list would tell of each. */
  readonly batch?: {
    /** How many at the most. */
    readonly most: number;
    /**
     * Gives those that there are.
     * @throws ProblemError NOT_SUPPORTED where this installation of the provider can't
     */
    read(externalIds: readonly string[], call: Call): Promise<readonly CampaignReading[]>;
  };
  /** The list narrowed to one status. */
  readonly inStatus?: {
    /** The statuses that it can be narrowed to. */
    readonly statuses: ReadonlySet<CampaignStatus>;
    /** How many campaigns one request tells of. */
    readonly pageSize: number;
    /** @throws ProblemError */
    pages(status: CampaignStatus, call: Call): AsyncIterable<readonly CampaignReading[]>;
  };
}

/** The campaigns behind one set of credentials. What the provider can't do is an absent member. */
export interface CampaignSource {
  /**
   * Reads one campaign; null when the provider knows none of that id.
   * @throws ProblemError
   */
  read(externalId: string, call: Call): Promise<CampaignReading | null>;
  /**
   * Where counters are a call of their own: reads them alone, of a campaign that has begun and whose status the list
   * has told. null: there are none.
   * @throws ProblemError
   */
  readCounters?(externalId: string, known: KnownStatus, call: Call): Promise<CampaignReading | null>;
  readonly list?: CampaignList;
  readonly changes?: CampaignChanges;
  readonly reports?: DeliveryReports;
}

/** Reports that the provider prepares over a while and then offers as a file. All throw ProblemError. */
export interface DeliveryReports {
  /**
   * Has a report prepared.
   * @param notifyUrl is told once it is ready; null: nobody is
   */
  request(externalId: string, order: ReportOrder, notifyUrl: string | null, call: Call): Promise<TaskReading>;
  /** How far the preparation is. NOT_FOUND: there is no such task. */
  result(uuid: string, call: Call): Promise<TaskReading>;
  /**
   * How to read the lines of a file whose first line is `header`; null: it is no report's.
   * @returns null for a line that can't be read
   */
  rowReader(
    header: readonly string[],
    order: ReportOrder,
  ): ((cells: readonly string[]) => DeliveryRow | null) | null;
  /** Hosts that a file may come from though they are not public, or not spoken to over https. */
  readonly fileHosts: readonly string[];
}

/**
 * What changes campaigns at the provider. What it doesn't offer is an absent member; none sends its request twice.
 * All throw ProblemError; a refusal blames, in `argument`, the field of the API's input.
 */
export interface CampaignChanges {
  /** Makes a draft with nothing but a name, and gives its id. */
  create?(name: string, call: Call): Promise<string>;
  update?(externalId: string, update: CampaignUpdate, call: Call): Promise<void>;
  /** Gives the copy's id. */
  copy?(externalId: string, call: Call): Promise<string>;
  approve?(externalId: string, call: Call): Promise<void>;
  pause?(externalId: string, call: Call): Promise<void>;
  resume?(externalId: string, call: Call): Promise<void>;
  cancel?(externalId: string, call: Call): Promise<void>;
  delete?(externalIds: readonly string[], call: Call): Promise<void>;
  /** What the provider would refuse of an update, told without asking it, in the same words. */
  check?(update: CampaignUpdate): readonly ProblemError[];
  /** The newest campaigns whose names hold this text: where one was made and its id was never told. */
  newestNamed?(text: string, call: Call): Promise<readonly CampaignReading[]>;
}

/** In which statuses the provider lets a campaign be changed so; an action it doesn't offer is absent. */
export type ActionStatuses = Readonly<Partial<Record<ActionName, readonly CampaignStatus[]>>>;

/** What an account's source is built with. */
export interface Connection {
  readonly account: string;
  /** An HTTP client within the account's request budget; it knows which secrets to keep out of messages. */
  http(options: HttpOptions): Http;
  /** Now, in ms since 1970. */
  now(): number;
}

interface ProviderDescription {
  /** As in the configuration and in ids: "selzy". */
  readonly name: string;
  /** As people write it: "Selzy". */
  readonly title: string;
  readonly channels: readonly [Channel, ...Channel[]];
  readonly capabilities: readonly Capability[];
  readonly actions: ActionStatuses;
  /** Used where the configuration names no budget. */
  readonly requestBudgets: readonly RequestBudget[];
  /** How many requests it takes to read one campaign. */
  readonly requestsPerRead: number;
}

export interface Provider extends ProviderDescription {
  /** The provider's own keys of an account in the configuration. */
  readonly settings: z.ZodObject;
  /** @param settings what `settings` accepts */
  open(settings: unknown, connection: Connection): CampaignSource;
}

interface ProviderDefinition<Settings extends z.ZodObject> extends ProviderDescription {
  readonly settings: Settings;
  open(settings: z.output<Settings>, connection: Connection): CampaignSource;
}

/** Ties a provider's settings to its `open`, so that the registry can hold all providers in one list. */
export function defineProvider<Settings extends z.ZodObject>(
  definition: ProviderDefinition<Settings>,
): Provider {
  return {
    ...definition,
    open: (settings, connection) => definition.open(definition.settings.parse(settings), connection),
  };
}
