import type { ExecuteTool } from '#contracts/executor.contract';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, idempotencyOf } from './idempotency.js';

const CALL = '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11';
const OTHER_CALL = '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a12';

interface Asked extends Partial<ExecuteTool> {
  version?: number;
  args?: Record<string, unknown>;
  executionId?: string;
}

const asked: Asked = {
  toolKey: 'book_visit',
  callId: CALL,
  turn: 7,
  version: 3,
  args: { date: '2026-05-01', guests: 2, contact: { name: 'Ann', tags: ['a', 'b'] } },
};

function of({ version = 3, args = {}, executionId = 'first', toolKey = '', ...request }: Asked) {
  return idempotencyOf({ toolKey, ...request }, version, args, executionId);
}

describe('the derived idempotency key', () => {
  it.each<[string, Asked]>([
    ['of another execution', { executionId: 'second' }],
    ['with the arguments in another order', { args: reversed(asked.args) }],
    ['with another deadline', { deadlineMs: 500 }],
    ['by another agent', { agentId: 'other' }],
    ['in production, said or not', { environment: 'production' }],
    ['with another context', { context: { agent_name: 'Ann' } }],
    [
      'with other arguments as the model wrote them, that were coerced to the same',
      { arguments: { a: '2' } },
    ],
  ])('is the same %s', (_name, change) => {
    expect(of({ ...asked, ...change })).toEqual(of(asked));
  });

  it.each<[string, Asked]>([
    ['in another call', { callId: OTHER_CALL }],
    ['in another turn', { turn: 8 }],
    ['of another tool', { toolKey: 'cancel_visit' }],
    ['of another version', { version: 4 }],
    ['in another environment', { environment: 'staging' }],
    ['with another value', { args: { ...asked.args, guests: 3 } }],
    ['with the value as another type', { args: { ...asked.args, guests: '2' } }],
    ['with one argument less', { args: { date: '2026-05-01' } }],
    ['with a list in another order', { args: { ...asked.args, contact: { name: 'Ann', tags: ['b', 'a'] } } }],
    ['outside of a call', { callId: undefined }],
    ['with a key of its own', { idempotencyKey: 'mine' }],
  ])('differs %s', (_name, change) => {
    expect(of({ ...asked, ...change }).key).not.toBe(of(asked).key);
  });

  it('differs between the first turn, 0, and none', () => {
    expect(of({ ...asked, turn: 0 }).key).not.toBe(
      of({ toolKey: 'book_visit', callId: CALL, args: asked.args }).key,
    );
  });

  it('is new for every execution outside of a call, where nothing tells repetition from intent', () => {
    const outside: Asked = { toolKey: 'book_visit', args: { guests: 2 } };

    expect(of({ ...outside, executionId: 'second' }).key).not.toBe(of(outside).key);
  });
});

describe('an idempotency key that was given', () => {
  const given: Asked = { ...asked, idempotencyKey: 'mine' };

  it.each<[string, Asked]>([
    ['call', { callId: OTHER_CALL }],
    ['turn', { turn: 8 }],
    ['execution', { executionId: 'second' }],
  ])('stays, whatever the %s', (_name, change) => {
    expect(of({ ...given, ...change })).toEqual(of(given));
  });

  it.each<[string, Asked]>([
    ['tool', { toolKey: 'cancel_visit' }],
    ['version', { version: 4 }],
    ['arguments', { args: { guests: 3 } }],
  ])('stays for another %s, whose fingerprint shows that it is not the same request', (_name, change) => {
    const [one, other] = [of(given), of({ ...given, ...change })];

    expect(other.key).toBe(one.key);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });

  it('is another one in another environment, and never that of a longer key in production', () => {
    const { key } = of({ ...given, environment: 'staging' });

    expect(key).not.toBe(of(given).key);
    expect(key).not.toBe(of({ ...given, environment: 'dev' }).key);
    for (const longer of ['staging:mine', '@staging:mine']) {
      expect(of({ ...asked, idempotencyKey: longer }).key).not.toBe(key);
    }
  });

  it('is never taken for a derived one', () => {
    const derived = of(asked).key;

    expect(of({ ...asked, idempotencyKey: derived }).key).not.toBe(derived);
  });
});

describe('canonical JSON', () => {
  it('is the same for equal values, however their keys are ordered', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

/** The same value with the keys of its objects, at every depth, in reverse order. */
function reversed<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item)) as T;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, item]) => [name, reversed<unknown>(item)]),
  ) as T;
}
