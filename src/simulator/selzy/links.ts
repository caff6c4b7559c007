import { randomBytes } from 'node:crypto';
import type { SelzyQuirks } from './quirks.ts';

/** The signed links to tasks' files. */
export interface Links {
  /** A fresh one, that works as long and as often as the quirks allow. */
  issue(uuid: string): string;
  /** Whether a file may be had with a signature. */
  allows(uuid: string, signature: string | null): boolean;
  /** Counts that it was had. */
  use(signature: string | null): void;
}

export interface LinksOptions {
  quirks: SelzyQuirks;
  now: () => number;
  /** Where the files are. */
  baseUrl: () => string;
}

interface Link {
  uuid: string;
  issuedAt: number;
  fetches: number;
}

/** Older ones work no more. */
const linksKept = 2_000;

export function createLinks({ quirks, now, baseUrl }: LinksOptions): Links {
  /** By signature. */
  const links = new Map<string, Link>();

  return {
    issue(uuid) {
      const signature = randomBytes(16).toString('hex');
      links.set(signature, { uuid, issuedAt: now(), fetches: 0 });
      const [oldest] = links.keys();
      if (links.size > linksKept && oldest !== undefined) links.delete(oldest);
      return `${baseUrl()}/${uuid}.csv?signature=${signature}`;
    },
    allows(uuid, signature) {
      const link = links.get(signature ?? '');
      if (link?.uuid !== uuid) return false;
      return now() < link.issuedAt + quirks.linkLastsMs && link.fetches < quirks.linkFetches;
    },
    use(signature) {
      const link = links.get(signature ?? '');
      if (link) link.fetches += 1;
    },
  };
}
