/** Whether a URL has a user or a password in it, where nobody looks for secrets. What is no URL has none. */
export function holdsCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

export const noCredentials = 'must hold no user and no password';
