import type { RunningNats } from '#devstack/nats-server';
import { resolveTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import {
  awaitExecution,
  cancelExecution,
  executeTool,
  executionsRecorded,
  executionStream,
  lookUpExecution,
  type ExecuteTool,
  type Execution,
  type ExecutionRecord,
} from '#contracts/executor.contract';
import { Deadline } from '#messaging/deadline';
import { DurableStream } from '#messaging/durable-stream';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import pg from 'pg';
import { ExecutorConfig } from '../config.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';
import type { ExecutionRun } from './execution-run.js';
import { LookupService } from './lookup.service.js';
import { RunningExecutions } from './running-executions.js';

const EXECUTOR_KEY = randomBytes(32);
const methods = ['GET', 'POST'] as const;
const places = ['its own executor', 'another executor'] as const;
const everyWay = methods.flatMap((method) => places.map((place) => [method, place] as const));
const verbs = [lookUpExecution, awaitExecution, cancelExecution];

/** An execution under way, and where. */
interface Begun {
  readonly run: ExecutionRun;
  readonly reply: Promise<Execution>;
  readonly lookups: Record<(typeof places)[number], LookupService>;
}

describe('executions, asked for by their ids', () => {
  let nats: RunningNats;
  let executors: TestService[];
  let upstream: UpstreamServer;
  let others: FakeResponder;
  let database: pg.Client;
  let orgId: string;
  let credentialId: string;
  let vaultReady: Promise<unknown>;
  let catalogReady: Promise<unknown>;
  const tools = new Map<string, ToolDefinition>();
  const records: ExecutionRecord[] = [];
  /** What the spec waits for: `begun`, `sent`, `closed`, `waited for`, `recorded`. */
  const events = new EventEmitter();

  beforeAll(async () => {
    nats = await startTestNats();
    upstream = await startUpstream();
    others = await FakeResponder.start(nats.url);
    await others.answer(resolveTool, async ({ toolKey }) => {
      events.emit('catalog asked');
      await catalogReady;
      const definition = tools.get(toolKey);
      if (!definition) throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
      return { key: toolKey, version: 3, definition };
    });
    const vault = await fakeVault(others, EXECUTOR_KEY, () => {
      events.emit('vault asked');
      return vaultReady;
    });
    credentialId = randomUUID();
    vault.secrets.set(credentialId, { type: 'bearer', token: 'sk_live_51HxWq9z' });
    const url = await createTestDatabase();
    const serviceUrl = await migrateAsService(executorDataSource, url);
    database = new pg.Client({ connectionString: url });
    await database.connect();
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: serviceUrl,
      EXECUTOR_KEY: EXECUTOR_KEY.toString('base64'),
      EGRESS_ALLOW: upstream.origin,
    });
    const start = () => startTestService('executor', nats.url, ExecutorModule.forRoot(config));
    executors = [await start(), await start()];
    executors.forEach(watch);
    executors[0]!.get(DurableStream).consume(executionStream, executionsRecorded, (payload) => {
      records.push(...payload.records);
      events.emit('recorded');
      return Promise.resolve();
    });
  });
  beforeEach(() => {
    orgId = randomUUID();
    vaultReady = catalogReady = Promise.resolve();
    upstream.requests.length = 0;
    upstream.answer((_, response) => {
      response.on('close', () => events.emit('closed', response.writableFinished));
      events.emit('sent', response);
    });
  });
  afterAll(async () => {
    await executors[0]!.get(DurableStream).close();
    await Promise.all(executors.map((executor) => executor.stop()));
    await others.stop();
    await database.end();
    await upstream.stop();
    await nats.stop();
  });

  /** Has an executor tell which runs it takes on, and when somebody waits for their end. */
  function watch(executor: TestService): void {
    const running = executor.get(RunningExecutions);
    const track = running.track.bind(running);
    running.track = (run, work) => {
      const whenEnded = run.whenEnded.bind(run);
      run.whenEnded = () => {
        events.emit('waited for');
        return whenEnded();
      };
      events.emit('begun', run, executor);
      return track(run, work);
    };
  }

  let nextTool = 0;
  function publish(method: 'GET' | 'POST', withCredential = false): string {
    const key = `tool_${++nextTool}`;
    const credential = withCredential ? { credentialId } : {};
    tools.set(key, toolDefinition({ key, request: { method, url: `${upstream.origin}/x`, ...credential } }));
    return key;
  }
  const execute = (request: ExecuteTool) => executors[0]!.call(executeTool, request, { orgId });
  const ask = (rpc: (typeof verbs)[number], executionId: string, deadlineMs?: number) =>
    executors[0]!.call(rpc, { executionId, ...(deadlineMs && { deadlineMs }) }, { orgId });
  const within = (ms: number) => Deadline.in(ms);

  async function begin(request: ExecuteTool): Promise<Begun> {
    const begun = once(events, 'begun');
    const reply = execute(request);
    reply.catch(() => undefined);
    const [run, own] = (await begun) as [ExecutionRun, TestService];
    const another = executors.find((one) => one !== own)!;
    const lookups = {
      'its own executor': own.get(LookupService),
      'another executor': another.get(LookupService),
    };
    return { run, reply, lookups };
  }
  /** Begins one whose request has arrived at the API, which answers when told. */
  async function beginAndSend(request: ExecuteTool) {
    const sent = once(events, 'sent');
    const begun = await begin(request);
    const [response] = (await sent) as [ServerResponse];
    const release = () =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"order":{"id":"O-1"}}');
    return { ...begun, release };
  }
  async function recordOf(executionId: string): Promise<ExecutionRecord> {
    for (;;) {
      const record = records.find((one) => one.executionId === executionId);
      if (record) return record;
      await once(events, 'recorded');
    }
  }

  it.each(everyWay)('says of a %s under way that it is running, at %s', async (method, place) => {
    const toolKey = publish(method);
    const { run, reply, lookups, release } = await beginAndSend({ toolKey, callId: randomUUID() });
    const { executionId } = run;

    const execution = await lookups[place].get({ orgId, executionId }, within(2000));
    release();

    expect(execution).toMatchObject({
      executionId,
      toolKey,
      version: 3,
      callId: run.request.callId,
      status: 'running',
      timing: { totalMs: expect.any(Number) },
    });
    expect(execution).not.toHaveProperty('error.code');
    expect((await reply).status).toBe('succeeded');
  });

  it.each(everyWay)('waits for the end of a %s, at %s', async (method, place) => {
    const { run, reply, lookups, release } = await beginAndSend({ toolKey: publish(method) });
    const waitedFor = once(events, 'waited for');

    const waiting = lookups[place].wait({ orgId, executionId: run.executionId }, within(3000));
    // A write of another executor is waited for in the journal.
    if (method === 'GET' || place === 'its own executor') await waitedFor;
    release();

    expect(await waiting).toEqual(JSON.parse(JSON.stringify(await reply)));
    expect((await waiting).variables).toMatchObject({ order: { id: 'O-1' } });
  });

  it.each(everyWay)('waits for a %s no longer than the deadline, at %s', async (method, place) => {
    const { run, reply, lookups, release } = await beginAndSend({ toolKey: publish(method) });

    const execution = await lookups[place].wait({ orgId, executionId: run.executionId }, within(100));
    release();

    expect(execution.status).toBe('running');
    expect((await reply).status).toBe('succeeded');
  });

  it('answers over the bus for whichever executor has it, and by the deadline of the request', async () => {
    const { run, reply, release } = await beginAndSend({ toolKey: publish('GET') });

    for (const executionId of [run.executionId, run.executionId.toUpperCase()]) {
      expect((await ask(lookUpExecution, executionId)).status).toBe('running');
      expect((await ask(awaitExecution, executionId, 50)).status).toBe('running');
    }
    release();

    expect((await reply).status).toBe('succeeded');
  });

  it('tells who waits for an execution that cannot be carried out the same as its caller', async () => {
    const ready = Promise.withResolvers<undefined>();
    catalogReady = ready.promise;
    const { run, reply, lookups } = await begin({ toolKey: 'nothing' });
    const { executionId } = run;
    const waitedFor = once(events, 'waited for');

    const waiting = lookups['its own executor'].wait({ orgId, executionId }, within(3000));
    await waitedFor;
    const late = await lookups['its own executor'].wait({ orgId, executionId }, within(20));
    ready.resolve(undefined);

    expect(late.status).toBe('running');
    await expect(waiting).rejects.toMatchObject({ code: 'tool_not_found' });
    await expect(reply).rejects.toMatchObject({ code: 'tool_not_found' });
  });

  it('answers a write that has ended as it ended, whatever is asked', async () => {
    upstream.answerJson(201, { id: 7 });
    const execution = await execute({ toolKey: publish('POST') });

    for (const verb of verbs) expect(await ask(verb, execution.executionId)).toEqual(execution);
  });

  it('leaves a read that has ended to audit', async () => {
    upstream.answerJson(200, { id: 7 });
    const { executionId } = await execute({ toolKey: publish('GET') });

    for (const verb of verbs)
      await expect(ask(verb, executionId)).rejects.toMatchObject({ code: 'execution_not_found' });
    expect(await recordOf(executionId)).toMatchObject({ status: 'succeeded' });
  });

  it.each(verbs.map((verb) => [verb.subject, verb] as const))(
    '%s neither finds nor touches what is of another organization',
    async (_subject, verb) => {
      const mine = orgId;
      const [read, write] = [
        await beginAndSend({ toolKey: publish('GET') }),
        await beginAndSend({ toolKey: publish('POST') }),
      ];
      const ended = await beginAndSend({ toolKey: publish('POST') });
      ended.release();
      await ended.reply;

      orgId = randomUUID();
      for (const { run } of [read, write, ended])
        await expect(ask(verb, run.executionId)).rejects.toMatchObject({ code: 'execution_not_found' });
      orgId = mine;
      read.release();
      write.release();

      expect((await read.reply).status).toBe('succeeded');
      expect((await write.reply).status).toBe('succeeded');
    },
  );

  it.each(verbs.map((verb) => [verb.subject, verb] as const))(
    '%s does not find what never was',
    async (_, verb) => {
      await expect(ask(verb, randomUUID())).rejects.toMatchObject({ code: 'execution_not_found' });
    },
  );

  it('calls a write whose executor is gone running, and does not claim to have stopped it', async () => {
    const executionId = randomUUID();
    const startedAt = new Date().toISOString();
    const record = { executionId, orgId, toolKey: 'gone', version: 4, isTest: false, startedAt };
    await database.query(
      `INSERT INTO executor.executions (execution_id, org_id, idempotency_key, fingerprint, state, record, lease_until)
       VALUES ($1, $2, 'given:dead', 'x', 'started', $3, now() + interval '1 hour')`,
      [executionId, orgId, JSON.stringify(record)],
    );

    const expected = { executionId, toolKey: 'gone', version: 4, status: 'running' };
    expect(await ask(lookUpExecution, executionId)).toMatchObject(expected);
    expect(await ask(awaitExecution, executionId, 50)).toMatchObject(expected);
    expect(await ask(cancelExecution, executionId)).toMatchObject({
      ...expected,
      error: { code: 'still_running' },
    });
  });

  describe('to be called off', () => {
    const cancelled = {
      status: 'cancelled',
      outcome: 'cancelled',
      error: { code: 'cancelled', retryable: false },
    };

    it.each(everyWay)('a %s not yet sent is never sent, at %s', async (method, place) => {
      const ready = Promise.withResolvers<undefined>();
      vaultReady = ready.promise;
      const vaultAsked = once(events, 'vault asked');
      const { run, reply, lookups } = await begin({ toolKey: publish(method, true) });
      const { executionId } = run;
      await vaultAsked;

      const answer = await lookups[place].cancel({ orgId, executionId }, within(3000));
      ready.resolve(undefined);

      expect(answer).toMatchObject({ executionId, ...cancelled });
      expect(answer).not.toHaveProperty('http.attempts');
      expect(await reply).toEqual(JSON.parse(JSON.stringify(answer)));
      expect(await recordOf(executionId)).toMatchObject({
        status: 'cancelled',
        errorCode: 'cancelled',
        attempts: 0,
      });
      vaultReady = Promise.resolve();
      upstream.answerJson(200, {});
      await execute({ toolKey: publish(method, true) }); // the vault has answered: it would have been sent by now
      expect(upstream.requests).toHaveLength(1);
    });

    it.each(places)('a GET under way loses its connection, at %s', async (place) => {
      const closed = once(events, 'closed');
      const { run, reply, lookups } = await beginAndSend({ toolKey: publish('GET') });
      const { executionId } = run;

      const answer = await lookups[place].cancel({ orgId, executionId }, within(3000));

      expect(await closed).toEqual([false]); // closed before it was answered
      expect(answer).toMatchObject({ executionId, ...cancelled, http: { attempts: 1 } });
      expect(await reply).toEqual(JSON.parse(JSON.stringify(answer)));
      expect(await recordOf(executionId)).toMatchObject({ status: 'cancelled', attempts: 1 });
    });

    it.each(places)('a POST under way goes on, and is never called cancelled, at %s', async (place) => {
      const { run, reply, lookups, release } = await beginAndSend({ toolKey: publish('POST') });
      const { executionId } = run;

      const answer = await lookups[place].cancel({ orgId, executionId }, within(3000));
      release();

      expect(answer).toMatchObject({ executionId, status: 'running', error: { code: 'already_sent' } });
      expect(await reply).toMatchObject({ executionId, status: 'succeeded' });
      expect(await lookups[place].cancel({ orgId, executionId }, within(3000))).toEqual(await reply);
      expect(await recordOf(executionId)).toMatchObject({ status: 'succeeded' });
    });

    it('a POST whose claim is still being written is not sent, and its end is in the journal', async () => {
      await database.query('BEGIN');
      await database.query('LOCK TABLE executor.executions IN ACCESS EXCLUSIVE MODE');
      const { run, reply, lookups } = await begin({ toolKey: publish('POST'), idempotencyKey: 'k-1' });
      const { executionId } = run;

      const late = await lookups['its own executor'].cancel({ orgId, executionId }, within(20));
      const answer = lookups['its own executor'].cancel({ orgId, executionId }, within(3000));
      await database.query('ROLLBACK');

      expect(late).toMatchObject({ status: 'running', error: { code: 'still_running' } });
      expect(await answer).toMatchObject(cancelled);
      expect((await reply).status).toBe('cancelled');
      expect(await ask(lookUpExecution, executionId)).toMatchObject(cancelled);
      expect(upstream.requests).toEqual([]);
    });

    it('one whose tool is still being looked up is not sent', async () => {
      const ready = Promise.withResolvers<undefined>();
      catalogReady = ready.promise;
      const asked = once(events, 'catalog asked');
      const { run, reply } = await begin({ toolKey: publish('POST') });
      await asked;

      const answer = ask(cancelExecution, run.executionId);
      await run.cancellation.whenCancelled();
      ready.resolve(undefined);

      expect(await answer).toMatchObject(cancelled);
      expect((await reply).status).toBe('cancelled');
      expect(upstream.requests).toEqual([]);
    });

    it('a POST stays so for whoever repeats it under the same key', async () => {
      const ready = Promise.withResolvers<undefined>();
      vaultReady = ready.promise;
      const vaultAsked = once(events, 'vault asked');
      const request = { toolKey: publish('POST', true), idempotencyKey: 'k-2' };
      const { run } = await begin(request);
      await vaultAsked;
      const answer = await ask(cancelExecution, run.executionId);
      ready.resolve(undefined);

      expect(await execute(request)).toEqual({ ...answer, replayed: true });
      expect(upstream.requests).toEqual([]);
    });
  });
});
