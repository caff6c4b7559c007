import { pick, type Random } from './random.ts';

/** What a campaign's authors wrote. */
export interface Copy {
  name: string;
  subject: string;
  sender: string;
  senderAddress: string;
  tags: readonly string[];
}

type List = readonly [string, ...string[]];

/** Octeth numbers tags; a tag's id is its place in this list, from 1. */
export const knownTags: List = [
  'newsletter',
  'launch',
  'loyalty',
  'seasonal',
  'retention',
  'b2b',
  'events',
  'sale',
];

const campaigns: readonly [
  readonly [name: string, subject: string, tag: string],
  ...(readonly [string, string, string])[],
] = [
  ['Autumn lookbook, first wave', 'The autumn lookbook is here', 'seasonal'],
  ['Weekly digest', 'Seven things worth your weekend', 'newsletter'],
  ['Loyalty: points about to expire', 'Your 420 points leave on Sunday', 'loyalty'],
  ['Spring launch teaser', 'Something light is coming on Thursday', 'launch'],
  ['Abandoned baskets, day 2', 'Still thinking about it?', 'retention'],
  ['Flash sale, 24 hours', 'Until midnight: a third off outerwear', 'sale'],
  ['Webinar invitation: shop analytics', 'Free seat: reading your numbers right', 'events'],
  ['Wholesale price list', 'New wholesale prices from the 1st', 'b2b'],
  ['Back in stock: wool blankets', 'They are back, and not for long', 'retention'],
  ['Store opening, Harbour Street', 'Coffee is on us this Saturday', 'events'],
  ['Customer survey', 'Two minutes, five questions', 'newsletter'],
  ['VIP preview of the winter line', 'You see it first', 'loyalty'],
  ['Delivery delays, notice', 'Orders from Monday arrive a day late', 'newsletter'],
  ['Birthday offers', 'A small present from us', 'loyalty'],
];

const audiences: List = [
  'all customers',
  'north',
  'south',
  'new this month',
  'inactive 90 days',
  'app users',
  'VIP',
];

const senders: Readonly<
  Record<string, readonly [readonly [string, string], ...(readonly [string, string])[]]>
> = {
  email: [
    ['Nordlys Studio', 'hello@nordlys.example'],
    ['Maya at Nordlys', 'maya@nordlys.example'],
    ['Nordlys Wholesale', 'trade@nordlys.example'],
  ],
  push: [['Nordlys', 'app.nordlys.example']],
};

/** BSG: 3 to 11 characters for an alphanumeric sender. */
const shortSenders: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['NORDLYS', 'NORDLYS'],
  ['NordlysShop', 'NordlysShop'],
  ['Nordlys VIP', 'Nordlys VIP'],
];

export function copyFor(random: Random, channel: string): Copy {
  const [name, subject, tag] = pick(random, campaigns);
  const [sender, senderAddress] = pick(random, senders[channel] ?? shortSenders);
  const audience = pick(random, audiences);
  const other = pick(random, knownTags);
  const tags = other === tag || random() < 0.5 ? [tag] : [tag, other];
  return { name: `${name} (${audience})`, subject, sender, senderAddress, tags };
}
