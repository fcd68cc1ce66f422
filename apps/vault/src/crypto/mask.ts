/** Shows nothing, not even the length. */
export const HIDDEN = '••••';
const MOST_SHOWN = 8;
const LEAST_SHOWN = 4;

/**
 * What may be shown of a secret so that a person can tell two apart: its first and last characters, together at most
 * a quarter of it and at most eight. Below 16 characters nothing is shown.
 */
export function maskSecret(secret: string): string {
  const characters = Array.from(secret);
  const shown = Math.min(MOST_SHOWN, Math.floor(characters.length / 4));
  if (shown < LEAST_SHOWN) return HIDDEN;
  const first = Math.floor(shown / 2);
  return `${characters.slice(0, first).join('')}…${characters.slice(first - shown).join('')}`;
}
