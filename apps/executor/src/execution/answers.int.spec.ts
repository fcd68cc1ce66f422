import { resolveTool } from '#contracts/catalog.contract';
import {
  executeTool,
  executionsRecorded,
  executionStream,
  testTool,
  type ExecutionRecord,
} from '#contracts/executor.contract';
import type { RunningNats } from '#devstack/nats-server';
import { DurableStream } from '#messaging/durable-stream';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { checkDefinition } from '#toolcall/check-definition';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { ExecutorConfig } from '../config.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';

const SECRET = 'sk_live_51HxWq9z_canary';

describe('the executor, reading an answer', () => {
  let nats: RunningNats;
  let executor: TestService;
  let upstream: UpstreamServer;
  let others: FakeResponder;
  let orgId: string;
  let credentialId: string;
  const tools = new Map<string, ToolDefinition>();
  const records: ExecutionRecord[] = [];
  const recorded = new EventEmitter();

  beforeAll(async () => {
    const key = randomBytes(32);
    nats = await startTestNats();
    upstream = await startUpstream();
    others = await FakeResponder.start(nats.url);
    await others.answer(resolveTool, ({ toolKey }) => ({
      key: toolKey,
      version: 3,
      definition: tools.get(toolKey)!,
    }));
    const { secrets } = await fakeVault(others, key);
    credentialId = randomUUID();
    secrets.set(credentialId, { type: 'bearer', token: SECRET });
    const url = await migrateAsService(executorDataSource, await createTestDatabase());
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: url,
      EXECUTOR_KEY: key.toString('base64'),
      EGRESS_ALLOW: upstream.origin,
    });
    executor = await startTestService('executor', nats.url, ExecutorModule.forRoot(config));
    executor.get(DurableStream).consume(executionStream, executionsRecorded, (payload) => {
      records.push(...payload.records);
      recorded.emit('more');
      return Promise.resolve();
    });
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(async () => {
    await executor.get(DurableStream).close();
    await executor.stop();
    await others.stop();
    await upstream.stop();
    await nats.stop();
  });

  let nextTool = 0;
  function publish(overrides: NonNullable<Parameters<typeof toolDefinition>[0]>): string {
    const key = `tool_${++nextTool}`;
    const definition = toolDefinition({
      ...overrides,
      key,
      request: { url: `${upstream.origin}/orders`, ...overrides.request },
    });
    expect(checkDefinition(definition)).toEqual([]);
    tools.set(key, definition);
    return key;
  }
  const answer = (status: number, headers: Record<string, string>, body: string) =>
    upstream.answer((_, response) => response.writeHead(status, headers).end(body));
  const execute = (toolKey: string) => executor.call(executeTool, { toolKey }, { orgId });
  async function recordOf(executionId: string): Promise<ExecutionRecord> {
    for (;;) {
      const record = records.find((one) => one.executionId === executionId);
      if (record) return record;
      await once(recorded, 'more');
    }
  }

  const declined = {
    when: 'body.error.code == "card_declined"',
    outcome: 'card_declined',
    succeeded: false,
    say: 'The bank said <b>no</b> to {{error.reason}}',
    hint: 'Offer another card.',
  };

  it.each(['GET', 'POST'] as const)('calls a %s answered 200 with an error inside failed', async (method) => {
    upstream.answerJson(200, { error: { code: 'card_declined', reason: 'the **card**\u202e' } });
    const toolKey = publish({
      request: { method },
      messages: { complete: 'Paid' },
      response: { outcomes: [declined] },
    });

    const execution = await execute(toolKey);

    expect(execution).toMatchObject({
      status: 'failed',
      outcome: 'card_declined',
      say: { failure: 'The bank said no to the card' },
      error: {
        code: 'upstream_refused',
        retryable: false,
        message: 'The API answered 200, with what this tool calls `card_declined`',
        hint: 'Offer another card.',
      },
      variables: { error: { code: 'card_declined' }, api_response_status: 200 },
    });
    expect(execution.say).not.toHaveProperty('complete');
    expect(await recordOf(execution.executionId)).toMatchObject({ status: 'failed', httpStatus: 200 });
  });

  it('calls it a success where nothing is wrong inside', async () => {
    upstream.answerJson(200, { error: null });

    expect(
      await execute(publish({ request: { method: 'POST' }, response: { outcomes: [declined] } })),
    ).toMatchObject({
      status: 'succeeded',
      outcome: 'ok',
    });
  });

  it('calls a 404 a success where the tool says so', async () => {
    answer(404, { 'content-type': 'text/html' }, '<h1>Not Found</h1>');
    const toolKey = publish({
      messages: { complete: 'You have no orders' },
      response: { outcomes: [{ when: '404', outcome: 'no_orders', succeeded: true }] },
    });

    const execution = await execute(toolKey);

    expect(execution).toMatchObject({
      status: 'succeeded',
      outcome: 'no_orders',
      say: { complete: 'You have no orders' },
      http: { status: 404 },
    });
    expect(execution).not.toHaveProperty('error');
  });

  it('warns in the test view of what a mapping did not find, and records it', async () => {
    upstream.answerJson(200, { id: 'T-1' });
    const toolKey = publish({
      response: {
        variables: [
          { name: 'ticket', path: 'id' },
          { name: 'status', path: 'ticket.status' },
          { name: 'open', expression: 'tickets[?open] | [0]', default: 'none' },
          { name: 'left', header: 'X-Left' },
        ],
      },
    });

    const { execution, exchange } = await executor.call(testTool, { orgId, toolKey });

    expect(execution).toMatchObject({
      status: 'succeeded',
      variables: { ticket: 'T-1', status: null, open: 'none', left: null },
    });
    expect(exchange?.warnings).toEqual([
      'The variable `status` is null: `ticket.status` found nothing',
      'The variable `open` is its default: `tickets[?open] | [0]` found nothing',
      'The variable `left` is null: `header: X-Left` found nothing',
    ]);
    expect((await recordOf(execution.executionId)).missingPaths).toEqual([
      'ticket.status',
      'tickets[?open] | [0]',
      'header: X-Left',
    ]);
  });

  it('neither warns nor records where all was found, nor records what a failure did not have', async () => {
    const toolKey = publish({ response: { variables: [{ name: 'id', path: 'id' }] } });
    upstream.answerJson(200, { id: 1 });
    const found = await executor.call(testTool, { orgId, toolKey });
    upstream.answerJson(500, {});
    const failed = await executor.call(testTool, { orgId, toolKey });

    expect(found.exchange).not.toHaveProperty('warnings');
    expect(failed.exchange?.warnings).toHaveLength(1);
    for (const { execution } of [found, failed]) {
      expect(await recordOf(execution.executionId)).not.toHaveProperty('missingPaths');
    }
  });

  it('reads XML and headers, and finds no secret in them however it was written', async () => {
    const escaped = Array.from(SECRET)
      .map((character) => `&#${character.charCodeAt(0)};`)
      .join('');
    answer(
      200,
      { 'content-type': 'application/xml', 'x-token': SECRET },
      `<order id="5"><status>shipped</status><echo>${escaped}</echo><echo>sk_<![CDATA[${SECRET.slice(3)}]]></echo></order>`,
    );
    const toolKey = publish({
      request: { credentialId },
      messages: { complete: 'It is {{order.status}}' },
      response: {
        variables: [
          { name: 'id', path: 'order["@id"]' },
          { name: 'token', header: 'X-Token' },
        ],
      },
    });

    const execution = await execute(toolKey);
    const { exchange } = await executor.call(testTool, { orgId, toolKey });

    expect(execution).toMatchObject({
      status: 'succeeded',
      say: { complete: 'It is shipped' },
      variables: {
        id: '5',
        token: '‹redacted›',
        order: { status: 'shipped', echo: ['‹redacted›', '‹redacted›'] },
      },
    });
    expect(JSON.stringify(exchange)).not.toContain(SECRET);
    expect(exchange?.response?.body).not.toContain(escaped);
  });

  it.each([
    ['GET', 'failed', 'response_invalid'],
    ['POST', 'succeeded', 'response_invalid'],
  ] as const)(
    'calls a %s whose answer is not in the format it should have %s',
    async (method, status, code) => {
      answer(200, { 'content-type': 'text/plain' }, 'OK');

      const execution = await execute(publish({ request: { method }, response: { format: 'json' } }));

      expect(execution).toMatchObject({
        status,
        error: { code, message: "The API's answer should be JSON, and is not" },
      });
    },
  );

  it('says it in the language of the call, by its clock, and takes turns', async () => {
    upstream.answerJson(200, { total: 1250.5, eta: '2026-03-01T23:30:00Z', phone: '+1 415 555 0100' });
    const toolKey = publish({
      messages: {
        start: { en: ['One moment', 'Just a second'], de: 'Einen Moment' },
        delays: [
          { afterMs: 5000, text: 'Nearly there' },
          { afterMs: 2000, text: { de: 'Moment noch, {{contact.first_name}}', default: 'Still at it' } },
        ],
        complete: {
          en: '{{total | money: "EUR"}} on {{eta | date}}, call {{phone | digits}}',
          de: '{{total | money: "EUR"}}, {{eta | date}} um {{eta | time}}',
        },
      },
    });
    const callId = randomUUID();
    const ask = (language: string, turn: number) =>
      executor.call(
        executeTool,
        {
          toolKey,
          callId,
          turn,
          context: { language, timezone: 'Europe/Vienna', contact: { first_name: 'Ada' } },
        },
        { orgId },
      );

    expect((await ask('de-DE', 0)).say).toEqual({
      start: 'Einen Moment',
      delays: [
        { afterMs: 2000, text: 'Moment noch, Ada' },
        { afterMs: 5000, text: 'Nearly there' },
      ],
      complete: '1.250,50 €, 2. März 2026 um 00:30',
    });
    const said = await Promise.all([1, 2].map((turn) => ask('en-GB', turn)));
    expect(said.map(({ say }) => say?.start).sort()).toEqual(['Just a second', 'One moment']);
    expect(said[0]?.say?.complete).toBe('€1,250.50 on 2 March 2026, call 1 4 1 5 5 5 5 0 1 0 0');
  });

  it.each([
    ['GET', 'JSON that is none', { failure: 'Sorry' }],
    ['POST', 'JSON that is none', { complete: 'Done' }],
    ['GET', 'more than it may', { failure: 'Sorry' }],
  ] as const)('has words for a %s answered with %s', async (method, what, say) => {
    answer(200, { 'content-type': 'application/json' }, what === 'more than it may' ? '"'.padEnd(2000) : '{');
    const toolKey = publish({
      request: { method },
      messages: { complete: 'Done', failure: 'Sorry' },
      response: { maxBytes: 1000 },
    });

    expect((await execute(toolKey)).say).toEqual(say);
  });

  it('says what the agent may not read', async () => {
    upstream.answerJson(200, { balance: '17 crowns', card: '4111' });
    const toolKey = publish({
      messages: { complete: 'You have {{balance}}' },
      response: { expose: 'none', deny: ['card'] },
    });

    expect(await execute(toolKey)).toMatchObject({
      result: {},
      variables: { api_response_status: 200 },
      say: { complete: 'You have 17 crowns' },
    });
  });
});
