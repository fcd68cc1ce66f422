import type { ExecuteTool } from '#contracts/executor.contract';
import { isRawInteger } from '#toolcall/exact-json';

/** Whose account a call uses where each has their own: its contact's, as the orchestrator names it. */
export function endUserOf({ context }: Pick<ExecuteTool, 'context'>): string | undefined {
  const id = context?.contact?.id;
  if (typeof id === 'string') return id === '' ? undefined : id;
  if (isRawInteger(id)) return id.rawJSON;
  return Number.isSafeInteger(id) ? String(id) : undefined;
}
