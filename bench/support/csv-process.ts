import { get } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { parse } from 'csv-parse';
import { z } from 'zod';
import { openDatabase } from '../../src/store/database.ts';
import { answerParent } from './child.ts';

/** csv-parse as its documentation shows it, writing to the service's own table. */
let file = '';

const rowsInTransaction = 2_000;

async function read(link: string): Promise<number> {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  const insert = database.prepare(
    'insert into "deliveryRows" ("generation", "recipient", "outcome", "providerResult", "updatedAt", "fields") values (1, ?, ?, ?, ?, null)',
  );
  const parser = parse({ bom: true, from_line: 2 });
  get(link, (response) => response.pipe(parser));
  let highest = 0;
  let rows: string[][] = [];
  const write = () => {
    database.exec('begin');
    for (const [recipient = '', result = '', at = ''] of rows) {
      insert.run(recipient, result.length % 12, result, Date.parse(`${at.replace(' ', 'T')}Z`));
    }
    database.exec('commit');
    rows = [];
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  for await (const record of parser) {
    rows.push(record);
    if (rows.length === rowsInTransaction) write();
  }
  write();
  database.close();
  return highest;
}

answerParent(
  {
    async open(path) {
      file = z.string().parse(path);
      // The service makes the tables.
      const database = await openDatabase(`sqlite:${file}`, () => {});
      await database.destroy();
    },
    rss: () => process.memoryUsage.rss(),
    read: (link) => read(z.string().parse(link)),
  },
  async () => {},
);
