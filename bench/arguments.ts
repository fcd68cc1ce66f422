import { compileCoercion } from '#toolcall/coerce-arguments';
import { parseExactly } from '#toolcall/exact-json';
import { parametersProblems } from '#toolcall/parameters-schema';

/** How long the event loop is held by reading arguments: in the ordinary case, and at every limit there is. */

const frame = {
  now: new Date('2026-11-21T20:30:00Z'),
  facts: { user_number: '+14155559999', timezone: 'America/Los_Angeles', language: 'en-US' },
};
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });
const list = (items: Record<string, unknown>) => object({ v: { type: 'array', items } });
const nested = (levels: number): Record<string, unknown> =>
  levels === 0
    ? { type: 'string', default: 'x' }
    : { type: 'array', items: nested(levels - 1), default: [], examples: [[]] };

const ordinary = {
  type: 'object',
  properties: {
    order_id: {
      type: 'string',
      description: 'Order number',
      pattern: '^ORD-[0-9]{1,10}$',
      examples: ['ORD-1'],
    },
    email: { type: 'string', format: 'email' },
    quantity: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
    priority: { type: 'string', enum: ['low', 'medium', 'high'] },
    address: object({ street: { type: 'string' }, zip: { type: 'string' } }),
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['order_id', 'email'],
};
const right = {
  order_id: 'ORD-12345',
  email: 'john@example.com',
  quantity: 2,
  address: { street: 'Main St 5', zip: '94110' },
  tags: ['a', 'b'],
};

const everything = (index: number) => ({
  type: ['string', 'null'],
  description: 'x'.repeat(150),
  minLength: 1,
  maxLength: 50,
  enum: [`a${index}`, 'b', 'c', null],
  default: 'b',
  examples: ['c'],
});
/** Schemas as large as they may be, by what they are large in. */
const schemas: Record<string, Record<string, unknown>> = {
  'an ordinary tool': ordinary,
  '200 properties': object(Object.fromEntries(times(200, (index) => [`p${index}`, everything(index)]))),
  '30 lists of 500 values': object(
    Object.fromEntries(times(30, (at) => [`p${at}`, { enum: times(500, (index) => index) }])),
  ),
  '8 levels': object({ v: nested(7) }),
  'a pattern written out': object({ v: { pattern: '(?:[a-c]{0,20}){0,20}' } }),
  'patterns of Unicode': object(
    Object.fromEntries(times(2, (at) => [`p${at}`, { pattern: String.raw`(?i)[\pL\pN]`.repeat(3) }])),
  ),
  'the pattern (a{1000}){1000}': object({ v: { pattern: '(a{1000}){1000}' } }),
  'examples for a pattern': object({
    v: {
      type: 'array',
      items: { pattern: '^(?:a|b|cd){10}$' },
      examples: times(10, () => times(8, () => 'a'.repeat(50))),
    },
  }),
};

const digits = '12345678901234567890';
/** Arguments as large as they may be, or larger. */
const cases: Record<string, [schema: Record<string, unknown>, given: unknown]> = {
  'ordinary, right as they are': [ordinary, right],
  'ordinary, to be read': [ordinary, { ...right, quantity: '2', tags: 'a, b', priority: 'HIGH' }],
  'ordinary, wrong': [ordinary, { email: 'x', quantity: 'many', priority: 'urgent' }],
  '9,000 values': [list({ type: 'integer' }), { v: times(9_000, (index) => index) }],
  '100,000 values': [list({ type: 'integer' }), { v: times(100_000, (index) => index) }],
  '9,000 names': [
    { type: 'object', additionalProperties: true },
    Object.fromEntries(times(9_000, (at) => [`n${at}`, at])),
  ],
  'one text of 65,536 characters': [
    object({ v: { type: 'string', maxLength: 10 } }),
    { v: '💩'.repeat(32_768) },
  ],
  'text of JSON': [list({ type: 'integer' }), { v: `[${'1,'.repeat(9_000)}1]` }],
  'text of JSON with large integers': [list({ type: 'integer' }), { v: `[${`${digits},`.repeat(3_000)}1]` }],
  '240 amounts to be read': [list({ type: 'integer' }), { v: times(240, String) }],
  '240 local times': [
    list({ type: 'string', format: 'date-time' }),
    { v: times(240, () => '2026-11-21 14:00') },
  ],
  '240 phone numbers': [list({ type: 'string', format: 'phone' }), { v: times(240, () => '(415) 555-0100') }],
  '240 values of 500 listed': [
    list({ enum: times(500, (at) => `value ${at}`) }),
    { v: times(240, () => 'VALUE-499') },
  ],
  '9,000 wrong dates': [list({ type: 'string', format: 'date' }), { v: times(9_000, () => 'soon') }],
  '9,000 web addresses': [list({ type: 'string', format: 'uri' }), { v: times(9_000, () => 'a:b/c') }],
  'e-mail addresses of 250 characters': [
    list({ type: 'string', format: 'email' }),
    { v: times(260, () => `a@${'b'.repeat(61)}.${'c'.repeat(61)}.${'d'.repeat(61)}.${'e'.repeat(50)}!`) },
  ],
  'different objects': [
    object({
      v: { type: 'array', uniqueItems: true, items: { type: 'object', additionalProperties: true } },
    }),
    { v: times(4_000, (at) => ({ a: at, b: 'x'.repeat(5) })) },
  ],
  'a pattern at its limit': [list({ pattern: '(?:a|b|cd){50}$' }), { v: times(2, () => 'a'.repeat(600)) }],
  'a small pattern many times': [
    list({ pattern: '^(a+)+$' }),
    { v: times(27, () => `${'a'.repeat(1_000)}!`) },
  ],
  'deep values': [
    { type: 'object', additionalProperties: true },
    JSON.parse(`{"v":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
  ],
};

const texts: Record<string, string> = {
  'an ordinary request': JSON.stringify({ toolKey: 'look_up', arguments: right, context: frame.facts }),
  'the same with a large integer': JSON.stringify({
    toolKey: 'look_up',
    arguments: { ...right, id: 0 },
  }).replace('"id":0', `"id":${digits}`),
  '256 KiB of small numbers and a large one': `[${'1,'.repeat(131_000)}${digits}]`,
  '256 KiB of large integers': `[${`${digits},`.repeat(12_400)}1]`,
  '256 KiB of texts and a large integer': `[${'"",'.repeat(87_000)}${digits}]`,
};

/** The first time by the clock, with all that is not warm yet; then CPU time, since a machine may be busy otherwise. */
function print(name: string, work: () => unknown): void {
  const start = performance.now();
  work();
  const first = performance.now() - start;
  const cpuStart = process.threadCpuUsage().user;
  const until = performance.now() + 200;
  let rounds = 0;
  for (; performance.now() < until; rounds += 1) work();
  const mean = (process.threadCpuUsage().user - cpuStart) / 1000 / rounds;
  console.log(`  ${name.padEnd(44)}${first.toFixed(3).padStart(10)}${mean.toFixed(4).padStart(12)}`);
}

const heading = (what: string) =>
  console.log(`${what.padEnd(46)}${'first, ms'.padStart(10)}${'CPU, ms'.padStart(12)}`);

heading('check and compile a schema');
for (const [name, schema] of Object.entries(schemas)) {
  print(name, () => {
    if (parametersProblems(schema, '').length === 0) compileCoercion(schema);
  });
}
heading('compile only');
for (const [name, schema] of Object.entries(schemas)) {
  if (parametersProblems(schema, '').length === 0) print(name, () => compileCoercion(schema));
  else console.log(`  ${name.padEnd(44)}   refused`);
}
heading('read arguments');
for (const [name, [schema, given]] of Object.entries(cases)) {
  const coerce = compileCoercion(schema);
  print(name, () => coerce(given as Record<string, unknown>, frame));
}
heading('parse a request');
for (const [name, text] of Object.entries(texts)) print(name, () => parseExactly(text));
