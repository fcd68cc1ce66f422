import { randomBytes, randomUUID } from 'node:crypto';

/** What one organization's things are called, by which another could ask for them. */
export const fields = [
  'toolKey',
  'credentialId',
  'executionId',
  'callId',
  'agentId',
  'keyId',
  'idempotencyKey',
  /** A credential by which accounts are connected. */
  'accountsId',
  'endUser',
  /** What templates call a secret. */
  'reference',
] as const;
export type Field = (typeof fields)[number];
export type Names = Readonly<Record<Field, string>>;

/** Names that nothing has, of the shape that names have. */
export function newNames(): Names {
  const word = () => randomBytes(6).toString('hex');
  return {
    toolKey: `tool_${word()}`,
    credentialId: randomUUID(),
    executionId: randomUUID(),
    callId: randomUUID(),
    agentId: `agent ${word()}`,
    keyId: randomUUID(),
    idempotencyKey: `once ${word()}`,
    accountsId: randomUUID(),
    endUser: `contact ${word()}`,
    reference: `KEY_${word().toUpperCase()}`,
  };
}

/** These names, but for those of `fields`, which are the others'. */
export function mix(ours: Names, theirs: Names, taken: readonly Field[]): Names {
  return { ...ours, ...Object.fromEntries(taken.map((field) => [field, theirs[field]])) };
}

/** Which of the names something is made with. */
export function fieldsUsed(make: (names: Names) => unknown): Field[] {
  const used = new Set<Field>();
  const spy = new Proxy(newNames(), {
    get: (names, field: Field) => {
      used.add(field);
      return names[field];
    },
  });
  make(spy);
  return fields.filter((field) => used.has(field));
}

/** Every way to take at least one of them. */
export function subsets<T>(items: readonly T[]): T[][] {
  const all: T[][] = [[]];
  for (const item of items) all.push(...all.map((subset) => [...subset, item]));
  return all.slice(1);
}
