import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { PersistedDocuments } from './persisted.ts';

const documents = z.record(z.string().min(1), z.string().min(1));
const what = 'name a JSON file of documents by their ids: { "<SHA-256>": "<document>" }';

/** The path of a JSON file, which is read at once: what is wrong with it is told with the rest of the configuration. */
export const documentsFile = z
  .string()
  .min(1)
  .transform((path, context): PersistedDocuments => {
    const text = textOf(path);
    if (text instanceof Error) return refuse(context, `can't be read (${codeOf(text)}); ${what}`);
    const read = documents.safeParse(jsonOf(text));
    if (!read.success) return refuse(context, `its file holds something else; ${what}`);
    return new Map(Object.entries(read.data));
  });

function textOf(path: string): string | Error {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Messages of the file system hold the path, which is not told: a secret may have got there by mistake. */
function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
