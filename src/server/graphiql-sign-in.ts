/** What GraphiQL opens with where a token is needed. */
export const signInTab = {
  query: `# Sign in: write your token after "Bearer" in
# the headers below, and run this. It holds for
# all tabs until the page is loaded again, and
# is kept nowhere. Shift-Ctrl-R then loads the
# documentation.
query SignedIn {
  accounts {
    name
    provider { title }
    health { state }
  }
}
`,
};

/** Of tabs that have none of their own. */
export const signInHeaders = `{
  "Authorization": "Bearer "
}`;

/**
 * Sends the token that was written into the headers of one of GraphiQL's tabs with what all of them ask: over HTTP as a
 * header, over WebSocket in the payload of `connection_init` (contract/service.md, "Signing in").
 *
 * It runs in the browser. Its text is written into the page, so it uses nothing from around it here.
 * @returns options of GraphiQL and of the client that it uses for WebSocket
 */
export function signIn() {
  const { fetch } = globalThis;
  const hint = 'Sign in: write {"Authorization": "Bearer <token>"} into the headers, and run it again.';
  let authorization: string | null = null;
  globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const isWritten = /^Bearer \S/i.test(headers.get('authorization') ?? '');
    // It would be refused, and counted as a sign-in that failed.
    if (!isWritten && authorization === null) return Response.json({ errors: [{ message: hint }] });
    if (!isWritten) headers.set('authorization', authorization ?? '');
    return fetch(input, { ...init, headers });
  };
  return {
    /** Called for another tab's headers too, once that is in front. */
    onEditHeaders(text: string): void {
      const [, written] = /"authorization"\s*:\s*"(Bearer [^"\s]+)"/i.exec(text) ?? [];
      if (written !== undefined) authorization = written;
    },
    /** Called for every connection. */
    connectionParams() {
      if (authorization !== null) return { authorization };
      // Refused by the service, the client would try again and again. The page shows all that an error has.
      const error = new Error(hint);
      delete error.stack;
      throw error;
    },
  };
}
