import { importTools } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import * as vault from '#contracts/vault.contract';
import type { RunningNats } from '#devstack/nats-server';
import { intakeContext } from '#sealing/intake-key';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Asked } from '../../test/fake-services.js';
import { credential } from '../../test/sample-replies.js';
import { intakeKey } from '../../test/start-gateway.js';
import { startWorld, type World } from '../../test/start-world.js';
import type { ImportReply } from './import.documents.js';
import { ImportReader } from './import.reader.js';

const token = 'tok-do-not-repeat-me-1234';
const command = `curl -X POST 'https://api.example.com/v1/tickets/:id' -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"text":"{{text}}"}' -k`;
const definition = {
  key: 'post_tickets_by_id',
  name: 'Post tickets by id',
  description: 'POST api.example.com/v1/tickets/{id}. Say here when to use it.',
  parameters: {
    type: 'object',
    properties: { id: { type: 'string' }, text: { type: 'string' } },
    required: ['id', 'text'],
  },
  request: {
    method: 'POST',
    url: 'https://api.example.com/v1/tickets/{{id}}',
    body: { type: 'json', template: { text: '{{text}}' } },
  },
};
const slot = {
  name: 'Bearer token for api.example.com',
  type: 'bearer',
  origins: ['https://api.example.com'],
  usedBy: ['post_tickets_by_id'],
  found: true,
};

describe('POST /v1/tools/import', () => {
  let nats: RunningNats;
  let upstream: UpstreamServer;
  let world: World;

  beforeAll(async () => {
    nats = await startTestNats();
    upstream = await startUpstream();
    world = await startWorld({
      databaseUrl: await createTestDatabase(),
      natsUrl: nats.url,
      environment: { EGRESS_ALLOW: upstream.origin },
    });
  });
  beforeEach(() => {
    world.services.reset();
    world.services.answer(importTools, catalogSaves);
    upstream.requests.length = 0;
  });
  afterAll(async () => {
    await world.stop();
    await upstream.stop();
    await nats.stop();
  });

  /** The catalog, with nothing against anything. */
  function catalogSaves({ request }: Asked) {
    const { definitions, save } = request as { definitions: { key: string }[]; save: boolean };
    return { saved: save, tools: definitions.map(({ key }) => ({ key, replaces: false, problems: [] })) };
  }
  const ask = async (body: object, query = '') => {
    const reply = await world.gateway.ask('POST', `/v1/tools/import${query}`, {
      key: world.keys.editor,
      body,
    });
    return { status: reply.status, body: reply.body as unknown as ImportReply };
  };
  const refusal = (body: object, query = '') =>
    world.gateway.refusal('POST', `/v1/tools/import${query}`, { key: world.keys.editor, body });
  const askedOf = (rpc: object) =>
    world.services.asked.filter((one) => one.rpc === rpc).map(({ request }) => request);

  it('shows what would be made, and stores nothing', async () => {
    const { status, body } = await ask({ source: command });

    expect(status).toBe(200);
    expect(body).toEqual({
      applied: false,
      format: 'curl',
      tools: [{ where: 'character 1', definition, problems: [], replaces: false }],
      credentials: [slot],
      dropped: [
        {
          where: expect.stringMatching(/^character \d+$/),
          what: '`-k`',
          why: 'certificates are always verified',
        },
      ],
    });
    expect(askedOf(importTools)).toEqual([
      { orgId: world.orgId, definitions: [definition], save: false, replace: false },
    ]);
    expect(askedOf(vault.createCredential)).toEqual([]);
  });

  it('with apply has the secret sealed to the vault, and the tools saved with their credential', async () => {
    const { status, body } = await ask({ source: command, replace: true }, '?apply=true');
    const [stored] = askedOf(vault.createCredential) as { sealed: string; orgId: string }[];
    const withCredential = { ...definition, request: { ...definition.request, credentialId: credential.id } };

    expect(status).toBe(200);
    expect(body).toMatchObject({
      applied: true,
      tools: [{ definition: withCredential, problems: [] }],
      credentials: [{ ...slot, credentialId: credential.id }],
    });
    expect(stored?.orgId).toBe(world.orgId);
    expect(JSON.parse(intakeKey.open(stored?.sealed ?? '', intakeContext(world.orgId)).toString())).toEqual({
      name: slot.name,
      type: 'bearer',
      origins: slot.origins,
      token,
    });
    expect(askedOf(importTools).at(-1)).toEqual({
      orgId: world.orgId,
      definitions: [withCredential],
      save: true,
      replace: true,
    });
  });

  it('lets no secret onto the bus or into a reply, by preview or apply', async () => {
    const replies = [await ask({ source: command }), await ask({ source: command }, '?apply=true')];
    const bus = JSON.stringify(world.services.asked.map(({ request }) => request));

    expect(world.services.asked.length).toBeGreaterThan(2);
    expect(bus).not.toContain(token);
    expect(JSON.stringify(replies)).not.toContain(token);
  });

  it('uses credentials that are stored already, where it is told which', async () => {
    const credentialId = randomUUID();
    const { body } = await ask(
      { source: command, credentials: { [slot.name]: credentialId } },
      '?apply=true',
    );

    expect(askedOf(vault.createCredential)).toEqual([]);
    expect(body).toMatchObject({
      applied: true,
      tools: [{ definition: { request: { credentialId } } }],
      credentials: [{ credentialId }],
    });
    expect(await refusal({ source: command, credentials: { nobody: credentialId } })).toMatchObject({
      problems: [
        { pointer: '/credentials/nobody', code: 'not_found', message: expect.stringContaining(slot.name) },
      ],
    });
  });

  it('applies nothing when a tool has problems, and lists those of all', async () => {
    const source = `curl -I https://api.example.com/a -H 'X-API-Key: ${token}'\ncurl 'https://{tenant}.example.com/b'`;
    const document = await refusal({ source }, '?apply=true');

    expect(document).toMatchObject({
      status: 400,
      code: 'invalid_request',
      detail: expect.stringContaining('Nothing was imported'),
    });
    expect(document.problems?.map(({ pointer }) => pointer)).toEqual([
      '/tools/0/request/method',
      '/tools/1/request/url',
    ]);
    expect(askedOf(vault.createCredential)).toEqual([]);
    expect(JSON.stringify(document)).not.toContain(token);
  });

  it('shows what the catalog has against a tool, beside what is wrong with others', async () => {
    const exists = { pointer: '/key', code: 'tool_exists', message: 'there is one' };
    world.services.answer(importTools, () => ({
      saved: false,
      tools: [{ key: 'get_b', replaces: true, problems: [exists] }],
    }));
    const source = 'curl -I https://api.example.com/a\ncurl https://api.example.com/b';

    expect((await ask({ source })).body.tools).toMatchObject([
      { replaces: false, problems: [{ pointer: '/request/method' }] },
      { replaces: true, problems: [exists] },
    ]);
  });

  it('removes the credentials again when the catalog refuses after all, and not when it cannot tell', async () => {
    const refuseTo = (code: 'tool_exists' | 'internal') =>
      world.services.answer(importTools, (asked) => {
        if (!asked.request.save) return catalogSaves(asked);
        throw new ServiceError(code, 'No');
      });

    refuseTo('tool_exists');
    expect(await refusal({ source: command }, '?apply=true')).toMatchObject({ status: 409 });
    expect(askedOf(vault.deleteCredential)).toMatchObject([{ credentialId: credential.id }]);

    world.services.reset();
    refuseTo('internal');
    expect(await refusal({ source: command }, '?apply=true')).toMatchObject({ status: 500 });
    expect(askedOf(vault.createCredential)).toHaveLength(1);
    expect(askedOf(vault.deleteCredential)).toEqual([]);
  });

  it('says which credential the vault does not take, without its secret', async () => {
    world.services.answer(vault.createCredential, () => {
      throw invalidRequest([
        { pointer: '/credential/token', code: 'wrong_format', message: 'must be printable' },
      ]);
    });

    expect(await refusal({ source: command }, '?apply=true')).toMatchObject({
      problems: [{ pointer: '/credentials/0/token', code: 'wrong_format' }],
    });
    expect(askedOf(importTools).filter(({ save }) => save)).toEqual([]);
  });

  it('takes a document as JSON, as text, and of a megabyte', async () => {
    const document = {
      openapi: '3.1.0',
      servers: [{ url: 'https://api.example.com' }],
      paths: { '/x': { get: { operationId: 'getX', summary: 'Looks up an x' } } },
      'x-filler': 'y'.repeat(900_000),
    };

    for (const source of [document, JSON.stringify(document)]) {
      expect((await ask({ source })).body).toMatchObject({
        format: 'openapi',
        tools: [{ definition: { key: 'get_x' } }],
      });
    }
    const large = { ...document, 'x-filler': 'y'.repeat(1_100_000) };
    expect(await refusal({ source: large })).toMatchObject({
      problems: [{ pointer: '/source', code: 'too_large' }],
    });
    expect(await refusal({ source: 'y'.repeat(2_100_000) })).toMatchObject({ status: 413 });
  });

  it('fetches a document by URL, through the guarded way out', async () => {
    upstream.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/yaml' });
      response.end(
        'openapi: 3.0.0\nservers: [{url: /v1}]\npaths: {/x: {get: {operationId: getX, summary: Looks up an x}}}\n',
      );
    });
    const { body } = await ask({ url: `${upstream.origin}/docs/openapi.yaml` });

    expect(body.tools).toMatchObject([
      { definition: { request: { url: `${upstream.origin}/v1/x` } }, problems: [] },
    ]);
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each<[string, (response: import('node:http').ServerResponse) => void, string, string]>([
    [
      'a redirect',
      (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'not_found',
      'redirects are not followed',
    ],
    ['an error', (response) => response.writeHead(500).end(), 'not_found', 'answered 500'],
    [
      'too much',
      (response) => response.writeHead(200).end('x'.repeat(1_100_000)),
      'unreachable',
      'larger than allowed',
    ],
    [
      'something else',
      (response) => response.writeHead(200).end('<html></html>'),
      'not_allowed',
      'no format that is known',
    ],
  ])('refuses a URL that answers %s', async (_name, answer, code, words) => {
    upstream.answer((_, response) => answer(response));

    expect(await refusal({ url: `${upstream.origin}/x` })).toMatchObject({
      problems: [{ pointer: '/url', code, message: expect.stringContaining(words) }],
    });
  });

  it.each([
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'http://127.0.0.1:1/',
    'https://user:pass@api.example.com/',
    'nonsense',
  ])('does not fetch %s', async (url) => {
    const { problems } = await refusal({ url });

    expect(problems).toMatchObject([{ pointer: '/url', code: 'unreachable' }]);
    expect(JSON.stringify(problems)).not.toContain('pass@');
  });

  it.each<[string, object, string]>([
    ['neither source nor URL', {}, '/source'],
    ['both', { source: 'x', url: 'https://api.example.com' }, '/source'],
    ['an unknown format', { source: 'x', format: 'raml' }, '/format'],
    ['an unknown field', { source: 'x', options: {} }, '/options'],
    ['a base URL with a placeholder', { source: command, baseUrl: 'https://{x}.example.com' }, '/baseUrl'],
    ['an operation that is not there', { source: command, operations: ['GET /nowhere'] }, '/operations/0'],
    ['a credential that is no id', { source: command, credentials: { a: 'b' } }, '/credentials/a'],
  ])('refuses %s with a pointer to it', async (_name, body, pointer) => {
    expect((await refusal(body)).problems).toMatchObject([{ pointer }]);
  });

  it('reads two sources at once and no more, and gives up what takes too long', async () => {
    const reader = new ImportReader();
    const request = { format: 'auto', source: 'curl https://api.example.com' } as const;
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => reader.read(request)));

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'overloaded' } });
    expect(await reader.read(request, 1)).toMatchObject({
      ok: false,
      problems: [{ pointer: '/source', code: 'too_large' }],
    });
    expect(await reader.read(request)).toMatchObject({ ok: true });
  });
});
