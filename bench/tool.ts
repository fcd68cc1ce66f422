import { compileTool } from '#toolcall/compile-tool';
import { normalizeDefinition } from '#toolcall/normalize-definition';
import { readBody } from '#toolcall/response/read-body';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { median } from './measure.js';

// npm run bench:tool: what one tool costs by itself. Aims: compiling at most 2 ms, rendering and mapping 50 µs together.

/** A ticket like those of the demo: six arguments, a nested body, context in it, four variables, words. */
const definitionOf = (index: number): ToolDefinition =>
  normalizeDefinition({
    key: 'create_ticket',
    name: 'Create ticket',
    description: `Creates a support ticket when the caller reports an issue (${index}).`,
    parameters: {
      type: 'object',
      properties: {
        customer_id: { type: 'string', pattern: '^CUST-[0-9]{1,8}$' },
        subject: { type: 'string', maxLength: 200 },
        details: { type: 'string', maxLength: 2000 },
        priority: { type: 'string', enum: ['low', 'medium', 'high', 'urgent'], default: 'medium' },
        email: { type: 'string', format: 'email' },
        call_back: { type: 'boolean' },
      },
      required: ['customer_id', 'subject', 'details', 'email'],
    },
    request: {
      method: 'POST',
      url: 'https://api.example.com/v2/customers/{{customer_id}}/tickets',
      headers: [{ name: 'X-Agent', value: '{{agent_name | default: "unknown"}}' }],
      body: {
        type: 'json',
        template: {
          ticket: {
            subject: '{{subject}} ({{contact.first_name}})',
            comment: { body: '{{details}}', public: true },
            priority: '{{priority}}',
            requester: { email: '{{email}}', phone: '{{contact.phone_number}}' },
            call_back: '{{call_back}}',
          },
        },
      },
    },
    response: {
      variables: ['id', 'status', 'assignee.name', 'tags[0]'].map((path, at) => ({ name: `v${at}`, path })),
      outcomes: [{ when: 'error exists', outcome: 'rejected', succeeded: false }],
    },
    messages: { start: 'One moment.', complete: 'Your ticket number is {{id | digits}}.' },
  });
const given = {
  customer_id: 'CUST-12345',
  subject: 'It does not turn on',
  details: 'Since this morning the device shows no light at all. "Nothing", she says.',
  email: 'ada@example.com',
};
const answer = JSON.stringify({
  id: 90_210,
  status: 'open',
  assignee: { name: 'Grace', id: 7 },
  tags: ['device', 'power'],
  history: Array.from({ length: 12 }, (_, at) => ({
    at: `2026-11-21T10:${10 + at}:00Z`,
    by: 'system',
    what: 'created',
  })),
});
const frame = {
  orgId: '0190aaaa-1111-7111-8111-111111111111',
  facts: {
    contact: { first_name: 'Ada', phone_number: '+14155550100' },
    agent_name: 'Nora',
    language: 'en-US',
  },
  now: new Date('2026-11-21T10:00:00Z'),
};

/** Microseconds of one run: the median of rounds, after as many to warm up. */
function microseconds(runs: number, work: (index: number) => unknown): number {
  const rounds = Array.from({ length: 10 }, () => {
    const startedAt = performance.now();
    for (let index = 0; index < runs; index += 1) work(index);
    return ((performance.now() - startedAt) / runs) * 1000;
  });
  return median(rounds.slice(5));
}

const first = performance.now();
const tool = compileTool(definitionOf(0));
const coldMs = performance.now() - first;
const coerced = tool.coerce(given, frame);
if (!coerced.ok) throw new Error(JSON.stringify(coerced.missing));
const { arguments: args } = coerced;
const prepared = tool.prepare(frame, args);
if (!prepared.ok) throw new Error(JSON.stringify(prepared.missing));
const { scope } = prepared;

const rows: Record<string, number> = {
  'compile, µs': microseconds(50, (index) => compileTool(definitionOf(index))),
  'coerce, µs': microseconds(5000, () => tool.coerce(given, frame)),
  'render, µs': microseconds(5000, () => tool.prepare(frame, args)),
  'read, map and say, µs': microseconds(5000, () => {
    const read = { status: 201, header: () => undefined, body: readBody(answer, 'application/json') };
    tool.outcomes.decide(read);
    const { variables } = tool.map(read);
    return tool.say(scope, true, variables);
  }),
};
process.stdout.write(`${'the very first compile, ms'.padEnd(30)}${coldMs.toFixed(1)}\n`);
for (const [what, value] of Object.entries(rows))
  process.stdout.write(`${what.padEnd(30)}${value.toFixed(1)}\n`);
