import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { createDocumentCache } from './document-cache.ts';

/** Three tokens and eight characters each. */
const texts = ['{ aa  }#', '{ bb  }#', '{ cc  }#'] as const;
const weight = 3 + 1;

function filled(maxWeight: number) {
  const cache = createDocumentCache(maxWeight);
  for (const text of texts) cache.set(text, parse(text));
  return cache;
}

test('documents are kept as long as there is room', () => {
  const cache = filled(3 * weight);
  expect(texts.map((text) => cache.get(text)?.kind)).toEqual(['Document', 'Document', 'Document']);
  expect(cache.get('{ dd }')).toBeUndefined();
});

test('the one that was used least recently makes room', () => {
  const cache = filled(3 * weight);
  cache.get(texts[0]);
  cache.set('{ dd  }#', parse('{ dd  }#'));
  expect(texts.map((text) => cache.get(text) !== undefined)).toEqual([true, false, true]);
});

test('a document that is kept again weighs once', () => {
  const cache = filled(3 * weight);
  for (let time = 0; time < 10; time += 1) cache.set(texts[0], parse(texts[0]));
  expect(texts.every((text) => cache.get(text))).toBe(true);
});

test('a document that is too large by itself is not kept, and drives nothing out', () => {
  const cache = createDocumentCache(10);
  cache.set('{ a }', parse('{ a }'));
  const long = `{ a } # ${'x'.repeat(100)}`;
  cache.set(long, parse(long));
  expect(cache.get(long)).toBeUndefined();
  expect(cache.get('{ a }')).toBeDefined();
});
