import { type DestinationStream, type Logger, levels, pino } from 'pino';
import type { Redactor } from '../providers/redact.ts';
import { workAtHand } from './work.ts';

/**
 * A logger that lets no secret out, wherever in a line it stands: in a message, a field or an error's stack. What is
 * logged while a person waits bears the id of the request.
 * @param level one of pino's, or `silent`
 * @throws when there is no such level
 */
export function createLogger(level: string, redactor: Redactor, destination: DestinationStream): Logger {
  if (level !== 'silent' && !(level in levels.values)) {
    const known = [...Object.keys(levels.values), 'silent'].join(', ');
    throw new Error(`LOG_LEVEL: there are ${known}`);
  }
  return pino(
    { level, mixin: requestId, hooks: { streamWrite: (line) => cleanLine(line, redactor) } },
    destination,
  );
}

function requestId(): object {
  const work = workAtHand();
  return work ? { requestId: work.requestId } : {};
}

/** Most lines hold nothing that looks like a secret, and are not taken apart. */
function cleanLine(line: string, redactor: Redactor): string {
  if (!redactor.mayFind(line)) return line;
  try {
    return `${JSON.stringify(redactor.json(JSON.parse(line)))}\n`;
  } catch {
    return redactor.text(line);
  }
}
