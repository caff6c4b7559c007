import type { DocumentNode } from 'graphql';

/** As many characters weigh as much as a token: comments are kept too. */
const charactersPerToken = 8;

/**
 * Parsed documents by their text, the ones used last. It is bounded by their weight (tokens, and characters), since a
 * document takes about 500 bytes for each token and anybody can send many of them.
 */
export function createDocumentCache(maxWeight: number) {
  const documents = new Map<string, DocumentNode>();
  let weight = 0;

  function drop(text: string, document: DocumentNode): void {
    if (documents.delete(text)) weight -= weightOf(text, document);
  }

  return {
    get(text: string): DocumentNode | undefined {
      const document = documents.get(text);
      if (!document) return undefined;
      documents.delete(text);
      documents.set(text, document);
      return document;
    },

    set(text: string, document: DocumentNode): void {
      const known = documents.get(text);
      if (known) drop(text, known);
      const added = weightOf(text, document);
      if (added > maxWeight) return;
      documents.set(text, document);
      weight += added;
      for (const [oldest, old] of documents) {
        if (weight <= maxWeight) return;
        drop(oldest, old);
      }
    },
  };
}

function weightOf(text: string, { tokenCount = 0 }: DocumentNode): number {
  return tokenCount + Math.ceil(text.length / charactersPerToken);
}
