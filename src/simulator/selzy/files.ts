import { type Answer, formFields, text } from '../http.ts';
import type { Endpoint } from '../protocol.ts';
import type { Tasks } from './tasks.ts';

const mount = '/selzy/files';

/** The path of a task's file, from the server's root. */
export function filePath(uuid: string): string {
  return `${mount}/${uuid}.csv`;
}

/** Where the links of completed tasks lead: elsewhere than the API, without its key and its limits. */
export function createFiles(tasks: Tasks): Endpoint {
  function answer(method: string, path: string): Answer {
    if (method !== 'GET') return text(405, 'Method not allowed');
    const uuid = /^\/([^/]+)\.csv$/.exec(path)?.[1] ?? '';
    const csv = tasks.file(uuid);
    if (csv === null) return text(404, 'Not found');
    return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body: csv };
  }

  return {
    mount,
    read: (incoming) => ({
      operation: 'file',
      externalId: null,
      parameters: formFields(incoming.query),
      authorized: true,
      client: '',
      incoming,
    }),
    answer: ({ incoming }) => answer(incoming.method, incoming.path),
  };
}
