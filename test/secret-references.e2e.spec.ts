import type { ExecuteTool } from '#contracts/executor.contract';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';

/** Far less than the 30 s an executor may use what it has opened: only an announcement explains it. */
const HEARD_WITHIN_MS = 10_000;
const random = (name: string) => `${name}_${randomBytes(12).toString('hex')}`;
const live = random('live');
const rehearsal = random('rehearsal');

describe('a secret that a tool names', () => {
  let test: TestPlatform;
  let secretId: string;
  let origin: string;
  const toolKey = 'look_up_customer';
  const said: string[] = [];

  beforeAll(async () => {
    test = await TestPlatform.start();
    origin = test.platform.sampleUrl;
  }, 60_000);
  beforeEach(() => test.resetSample());
  afterAll(() => test.stop(), 30_000);

  const rest = async (method: string, path: string, body?: unknown) => {
    const reply = await test.rest(method, path, body);
    said.push(JSON.stringify(reply.body));
    return reply;
  };
  /** The value that went out, asked for by NATS and by REST. */
  async function sentBy(request: Partial<ExecuteTool>): Promise<unknown[]> {
    await test.resetSample();
    said.push(JSON.stringify(await test.execute({ toolKey, ...request })));
    await rest('POST', '/v1/executions', { toolKey, ...request });
    return (await test.received()).map(({ headers }) => headers.authorization);
  }
  const secret = (values: object) => ({
    ...{ type: 'secret', name: 'CRM', reference: 'CRM_API_KEY', origins: [origin], values },
  });

  it('has to be there before the tool can be brought over', async () => {
    const source = {
      ...{ name: 'Look up customer', description: 'Looks a customer up by phone.', methodType: 'GET' },
      ...{ url: `${origin}/customers`, authType: 'jwtAuth', authToken: 'Bearer {{CRM_API_KEY}}' },
    };
    const preview = await rest('POST', '/v1/tools/import', { source });
    expect(preview.body).toMatchObject({
      tools: [{ problems: [{ pointer: '/request/headers/0/value', code: 'credential_not_found' }] }],
      credentials: [{ type: 'secret', name: 'CRM_API_KEY', origins: [origin], found: false }],
    });
    expect((await rest('POST', '/v1/tools/import?apply=true', { source })).status).toBe(400);

    const entered = await rest('POST', '/v1/credentials', secret({ production: live, staging: rehearsal }));
    expect(entered).toMatchObject({
      status: 201,
      body: { values: { staging: { masked: expect.any(String) } } },
    });
    secretId = entered.body.id as string;
    expect((await rest('POST', '/v1/credentials', secret({ dev: 'x' }))).body).toMatchObject({
      problems: [{ pointer: '/reference', code: 'duplicate' }],
    });

    expect(await rest('POST', '/v1/tools/import?apply=true', { source })).toMatchObject({ status: 200 });
    expect(await rest('POST', `/v1/tools/${toolKey}/publish`, {})).toMatchObject({ status: 200 });
    for (const name of ['staging', 'dev']) {
      const put = await rest('PUT', `/v1/tools/${toolKey}/environments/${name}`, { version: 1 });
      expect(put.status).toBe(200);
    }
  });

  it('goes out with the value of the environment it is asked in', async () => {
    expect(await sentBy({})).toEqual([`Bearer ${live}`, `Bearer ${live}`]);
    expect(await sentBy({ environment: 'staging' })).toEqual([`Bearer ${rehearsal}`, `Bearer ${rehearsal}`]);
    expect(await sentBy({ version: 1 })).toEqual([`Bearer ${live}`, `Bearer ${live}`]);
  });

  it('has no other environment’s value stand in where it has none', async () => {
    expect(await sentBy({ environment: 'dev' })).toEqual([]);
    expect(await test.execute({ toolKey, environment: 'dev' })).toMatchObject({
      status: 'failed',
      error: {
        code: 'credential_unavailable',
        message: expect.stringContaining('`CRM_API_KEY` has no value for the environment `dev`'),
      },
    });
  });

  it('is shown by its name in a test', async () => {
    const { body } = await rest('POST', `/v1/tools/${toolKey}/test`, {
      environment: 'staging',
      arguments: {},
    });

    expect(body.exchange.request.headers).toContainEqual({
      name: 'Authorization',
      value: 'Bearer ‹secret: CRM_API_KEY›',
    });
    expect((await test.received()).map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${rehearsal}`,
    ]);
  });

  it('is exported by its name, and read back from there', async () => {
    const { body } = await rest('GET', '/v1/tools/export?format=patchbay');

    expect(body.tools[0].request.headers).toEqual([
      { name: 'Authorization', value: 'Bearer {{CRM_API_KEY}}' },
    ]);
    const again = await rest('POST', '/v1/tools/import', { source: body, replace: true });
    expect(again.body.tools).toMatchObject([{ problems: [], definition: body.tools[0] }]);
  });

  it('has its openings on record, each for the tool it was opened for', async () => {
    const { body } = await rest('GET', `/v1/credentials/${secretId}/accesses`);

    const opened = (body.items as Record<string, unknown>[]).filter(({ action }) => action === 'open');
    expect(opened.map(({ result }) => result)).toEqual(
      expect.arrayContaining(['ok', 'credential_not_found']),
    );
    for (const one of opened) expect(one).toMatchObject({ toolKey, executionId: expect.any(String) });
  });

  it('is another one once it was replaced, and none once it was deleted', async () => {
    const replaced = random('replaced');
    const values = { production: replaced, staging: { keep: true } };
    expect(await rest('PUT', `/v1/credentials/${secretId}`, secret(values))).toMatchObject({ status: 200 });
    await test.eventually(
      () => sentBy({}),
      (sent) => sent.every((one) => one === `Bearer ${replaced}`),
      HEARD_WITHIN_MS,
    );
    expect(await sentBy({ environment: 'staging' })).toContain(`Bearer ${rehearsal}`);

    expect((await rest('DELETE', `/v1/credentials/${secretId}`)).status).toBe(204);
    await test.eventually(
      () => sentBy({}),
      (sent) => sent.length === 0,
      HEARD_WITHIN_MS,
    );
    for (const value of [live, rehearsal, replaced]) expect(said.join()).not.toContain(value);
  });
});
