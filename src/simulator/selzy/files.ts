import { type Answer, formFields, html, type Incoming, text } from '../http.ts';
import type { Endpoint } from '../protocol.ts';
import { Download } from './download.ts';
import type { Links } from './links.ts';
import type { SelzyQuirks } from './quirks.ts';
import { csvPieces, type ReportTable } from './table.ts';
import type { Tasks } from './tasks.ts';

export interface FilesOptions {
  tasks: Tasks;
  links: Links;
  quirks: SelzyQuirks;
  now: () => number;
}

export const filesMount = '/selzy/files';

const csvType = { 'content-type': 'text/csv; charset=utf-8' };

/** As storage says it, whatever is wrong with the link. */
const denied: Answer = {
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
};

function redirect(location: string): Answer {
  return { status: 302, headers: { location }, body: '' };
}

/** Where the links of completed tasks lead: elsewhere than the API, without its key and its limits. */
export function createFiles({ tasks, links, quirks, now }: FilesOptions): Endpoint {
  /** Throws a Download where a text would not do. */
  function fileAnswer(table: ReportTable): Answer {
    if (quirks.body === 'html') return html(200, 'Sign in to go on');
    if (quirks.body === 'empty') return { status: 200, headers: csvType, body: '' };
    const isCut = quirks.cutDownloads > 0;
    if (isCut) quirks.cutDownloads -= 1;
    if (isCut || quirks.gzip !== 'none' || quirks.pauseMs > 0 || quirks.table !== null) {
      throw new Download({ table, quirks, isCut, now });
    }
    return { status: 200, headers: csvType, body: [...csvPieces(table, quirks)].join('') };
  }

  function answer({ method, path, query }: Incoming): Answer {
    if (method !== 'GET') return text(405, 'Method not allowed');
    const [, moved, uuid = ''] = /^(\/moved)?\/([^/]+)\.csv$/.exec(path) ?? [];
    const table = tasks.table(uuid);
    if (!table) return text(404, 'Not found');
    const signature = query.get('signature');
    if (!links.allows(uuid, signature)) return denied;
    if (quirks.redirect === 'url') return redirect(quirks.redirectUrl);
    if (quirks.redirect === 'path' && !moved) return redirect(`${filesMount}/moved/${uuid}.csv?${query}`);
    links.use(signature);
    return fileAnswer(table);
  }

  return {
    mount: filesMount,
    read: (incoming) => ({
      operation: 'file',
      externalId: null,
      parameters: formFields(incoming.query),
      authorized: true,
      client: '',
      incoming,
    }),
    answer: ({ incoming }) => answer(incoming),
  };
}
