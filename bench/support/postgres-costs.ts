import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { z } from 'zod';

/** The kernel counts processor time in hundredths of a second. */
const tickMs = 10;

const rowSchema = z.object({
  process: z.string(),
  wal: z.coerce.number(),
  size: z.coerce.number(),
  entries: z.coerce.number(),
});

/** What a PostgreSQL on this machine has spent so far. */
export interface PostgresCosts {
  /** Of processor time, in all its processes; NaN where the system does not tell. */
  readonly cpuMs: number;
  /** Bytes that it has written to its log of what to do again after a crash. */
  readonly walBytes: number;
  /** Bytes of the entries of the change log, indexes included, and how many there are. */
  readonly logBytes: number;
  readonly logEntries: number;
}

/** @param url of PostgreSQL, as a superuser */
export async function postgresCosts(url: string): Promise<PostgresCosts> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(`
    select pg_read_file('postmaster.pid') as process, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal,
      pg_total_relation_size('changes') as size, (select count(*) from changes) as entries`);
  await client.end();
  const [row] = z.tuple([rowSchema]).parse(rows);
  return {
    cpuMs: cpuMs(Number.parseInt(row.process, 10)),
    walBytes: row.wal,
    logBytes: row.size,
    logEntries: row.entries,
  };
}

function cpuMs(postmaster: number): number {
  try {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return processes.reduce((sum, pid) => sum + ticksOf(Number(pid), postmaster), 0) * tickMs;
  } catch {
    return Number.NaN;
  }
}

/** Of a process that belongs to it; the postmaster's own include those of its children that have ended. */
function ticksOf(pid: number, postmaster: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has just ended.
    return 0;
  }
  // proc(5): what follows the name in brackets begins with the third field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const own = field(14) + field(15);
  if (pid === postmaster) return own + field(16) + field(17);
  return field(4) === postmaster ? own : 0;
}
