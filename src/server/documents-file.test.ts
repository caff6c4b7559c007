import { expect, test } from 'vitest';
import { configFile } from '../../test/support/process.ts';
import { documentsFile } from './documents-file.ts';

test('a file of documents is read as it is named', () => {
  const documents = { a1: '{ accounts { name } }', b2: '{ providers { name } }' };
  expect(documentsFile.parse(configFile(documents))).toEqual(new Map(Object.entries(documents)));
});

test.each([
  ['that is not there', '/no/such/file.json', "can't be read (ENOENT)"],
  ['that is a directory', '/tmp', "can't be read (EISDIR)"],
  ['that is no JSON', configFile('{ "a1": '), 'its file holds something else'],
  ['of a list', configFile(['{ accounts { name } }']), 'its file holds something else'],
  ['of other things than texts', configFile({ a1: 5 }), 'its file holds something else'],
])('one %s is refused by a sentence that does not repeat its name', (_what, path, why) => {
  const problems = documentsFile.safeParse(path).error?.issues.map(({ message }) => message);
  expect(problems).toEqual([
    `${why}; name a JSON file of documents by their ids: { "<SHA-256>": "<document>" }`,
  ]);
});
