import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { credential, definition } from '../../test/sample-replies.js';
import type { RequestOptions } from '../../test/start-gateway.js';
import { startWorld, type World } from '../../test/start-world.js';

const bearer = { type: 'bearer', name: 'crm', origins: ['https://api.example.com'], token: { keep: true } };
const credentialPath = `/v1/credentials/${credential.id}`;

describe('a conditional request', () => {
  let nats: RunningNats;
  let world: World;
  beforeAll(async () => {
    nats = await startTestNats();
    world = await startWorld({ databaseUrl: await createTestDatabase(), natsUrl: nats.url });
  });
  beforeEach(() => world.services.reset());
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  const ask = (method: string, path: string, options: RequestOptions = {}) =>
    world.gateway.ask(method, path, { key: world.keys.editor, ...options });

  it.each([
    ['/v1/tools/look_up', '"7"'],
    ['/v1/tools/look_up/versions/3', '"3"'],
    ['/v1/agents/a/tools', '"5"'],
    [credentialPath, '"4"'],
  ])('%s is tagged, and not sent again to who has it', async (path, etag) => {
    const first = await ask('GET', path);
    const again = await ask('GET', path, { headers: { 'if-none-match': `"1", W/${etag}` } });
    const changed = await ask('GET', path, { headers: { 'if-none-match': '"1"' } });

    expect(first.headers.get('etag')).toBe(etag);
    expect([again.status, again.headers.get('etag'), again.body]).toEqual([304, etag, {}]);
    expect([changed.status, changed.body]).toEqual([200, first.body]);
  });

  const edits: [string, string, string, unknown][] = [
    ['PUT', '/v1/tools/look_up', 'ifRevision', definition],
    ['DELETE', '/v1/tools/look_up', 'ifRevision', undefined],
    ['POST', '/v1/tools/look_up/publish', 'ifRevision', undefined],
    ['POST', '/v1/tools/look_up/rollback', 'ifRevision', { version: 1 }],
    ['POST', '/v1/tools/look_up/restore', 'ifRevision', undefined],
    ['PUT', '/v1/tools/look_up/environments/dev', 'ifRevision', { version: 1 }],
    ['PUT', '/v1/agents/a/tools', 'ifRevision', { tools: [] }],
    ['PUT', credentialPath, 'ifVersion', bearer],
    ['DELETE', credentialPath, 'ifVersion', undefined],
  ];
  it.each(edits)('%s %s insists on the revision If-Match names', async (method, path, field, body) => {
    const edit = (ifMatch: string) =>
      ask(method, path, { headers: { 'if-match': ifMatch }, ...(body !== undefined && { body }) });

    await edit('"7"');
    expect(world.services.last?.request[field]).toBe(7);
    await edit('*');
    expect(world.services.last?.request).not.toHaveProperty(field);
    world.services.reset();
    expect(await edit('7')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(await edit('"other"')).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    expect(world.services.asked).toEqual([]);
  });
});
