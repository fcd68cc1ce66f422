import type { RunningNats } from '#devstack/nats-server';
import * as catalog from '#contracts/catalog.contract';
import { openApiDocument } from '#toolcall/openapi/openapi-document';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { definition } from '../test/sample-replies.js';
import { routesOf } from '../test/start-gateway.js';
import { startWorld, type World } from '../test/start-world.js';

interface Operation {
  operationId: string;
  summary?: string;
  parameters: { name: string; in: string; required?: boolean; schema?: object }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
  security?: object[];
}

const isForBrowsers = (path: string) => path.startsWith('/v1/oauth/');

describe('the OpenAPI document', () => {
  let nats: RunningNats;
  let world: World;
  let document: OpenAPIObject;
  let operations: [path: string, method: string, operation: Operation][];

  beforeAll(async () => {
    nats = await startTestNats();
    world = await startWorld({ databaseUrl: await createTestDatabase(), natsUrl: nats.url });
    document = (await world.gateway.ask('GET', '/docs-json')).body as unknown as OpenAPIObject;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Operation>).map(
        ([method, operation]): [string, string, Operation] => [path, method, operation],
      ),
    );
  });
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  it('is OpenAPI 3.1 with one security scheme: a bearer token', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Patchbay', version: '1' });
    expect(document.components?.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'An API key: `pbk_…`' },
    });
  });

  it('has every route of the router, and no other', () => {
    const described = operations.map(
      ([path, method]) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    );

    expect(described.sort()).toEqual(routesOf(world.gateway.app));
    expect(described.length).toBeGreaterThan(20);
  });

  it('says of each operation what it is for, under a name of its own, and that it needs a key, unless browsers come by', () => {
    const names = operations.map(([, , { operationId }]) => operationId);

    expect(new Set(names).size).toBe(names.length);
    for (const [path, , operation] of operations) {
      expect(operation.summary).toMatch(/^[A-Z]/);
      expect(operation.security).toEqual(isForBrowsers(path) ? undefined : [{ bearer: [] }]);
    }
  });

  it('describes each path parameter, no other, and each parameter’s schema', () => {
    for (const [path, , { parameters }] of operations) {
      const inPath = parameters.filter((one) => one.in === 'path');

      expect(inPath.map(({ name }) => `{${name}}`).sort()).toEqual((path.match(/\{\w+\}/g) ?? []).sort());
      expect(inPath.every(({ required }) => required)).toBe(true);
      expect(parameters.filter(({ schema }) => schema === undefined)).toEqual([]);
      const identities = parameters.map((one) => `${one.in} ${one.name}`);
      expect(new Set(identities).size).toBe(identities.length);
    }
  });

  it('describes the body of each operation that takes one, and of no other', () => {
    const withBody = operations.filter(([, , { requestBody }]) => requestBody);

    expect(withBody.map(([path, method]) => `${method} ${path}`).sort()).toEqual([
      'post /v1/api-keys',
      'post /v1/credentials',
      'post /v1/credentials/{id}/connections',
      'post /v1/executions',
      'post /v1/operations/rotations',
      'post /v1/tools',
      'post /v1/tools/import',
      'post /v1/tools/{key}/rollback',
      'post /v1/tools/{key}/test',
      'put /v1/agents/{agentId}/tools',
      'put /v1/credentials/{id}',
      'put /v1/tools/{key}',
      'put /v1/tools/{key}/environments/{name}',
    ]);
    for (const [, , { requestBody }] of withBody) {
      expect(requestBody?.content['application/json']?.schema).toHaveProperty('$ref');
    }
  });

  it('describes one success of each operation, with its document, and the problems it may have', () => {
    for (const [path, , { responses }] of operations) {
      if (isForBrowsers(path)) continue;
      const statuses = Object.keys(responses);
      const [success, ...more] = statuses.filter((status) => status < '300');

      expect(more).toEqual([]);
      if (success !== '204') {
        expect(responses[success!]?.content?.['application/json']?.schema).toHaveProperty('$ref');
      }
      expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '500', '503', '504']));
      for (const status of statuses.filter((one) => one >= '400')) {
        expect(responses[status]?.content).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
      }
    }
  });

  it('has references that lead somewhere, and schemas that are valid JSON Schema 2020-12', () => {
    const ajv = addFormatsModule.default(new Ajv2020({ strict: false }));
    ajv.addSchema({ $id: 'api', ...document });
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];

    expect(references.length).toBeGreaterThan(20);
    for (const reference of new Set(references)) {
      expect(typeof ajv.getSchema(`api${reference}`)).toBe('function');
    }
  });

  it('is what really happens: replies and problems are of the form it says', async () => {
    const ajv = addFormatsModule.default(new Ajv2020({ strict: false }));
    ajv.addSchema({ $id: 'api', ...document });
    const isA = (name: string, body: unknown) =>
      ajv.validate({ $ref: `api#/components/schemas/${name}` }, body);
    const key = world.keys.admin;

    expect(isA('Tool', (await world.gateway.ask('GET', '/v1/tools/look_up', { key })).body)).toBe(true);
    const agent = await world.gateway.ask('GET', '/v1/agents/front%20desk/tools', { key });
    expect(isA('AgentTools', agent.body)).toBe(true);
    const environments = await world.gateway.ask('GET', '/v1/tools/look_up/environments', { key });
    expect(isA('ToolEnvironments', environments.body)).toBe(true);
    const diff = await world.gateway.ask('GET', '/v1/tools/look_up/versions/3/diff', { key });
    expect(isA('VersionDiff', diff.body)).toBe(true);
    const dependents = await world.gateway.ask('GET', '/v1/tools/look_up/dependents', { key });
    expect(isA('Dependents', dependents.body)).toBe(true);
    const imported = await world.gateway.ask('POST', '/v1/tools/import', {
      key,
      body: { source: 'curl -u ada:lovelace-1843 https://api.example.com/orders/:id' },
    });
    expect(isA('ImportReply', imported.body)).toBe(true);
    const ask = async (path: string) => (await world.gateway.ask('GET', path, { key })).body;
    expect(isA('ToolExport', await ask('/v1/tools/export'))).toBe(true);
    world.services.answer(catalog.exportTools, () => ({
      format: 'openapi' as const,
      document: openApiDocument([definition]),
    }));
    expect(isA('ToolExport', await ask('/v1/tools/export?format=openapi'))).toBe(true);
    expect(isA('OpenApiDocument', await ask('/v1/tools/export?format=openapi'))).toBe(true);
    expect(isA('Me', (await world.gateway.ask('GET', '/v1/me', { key })).body)).toBe(true);
    expect(isA('ApiKeyPage', (await world.gateway.ask('GET', '/v1/api-keys', { key })).body)).toBe(true);
    expect(isA('Problem', await world.gateway.refusal('GET', '/v1/tools?limit=x', { key }))).toBe(true);
  });

  it('is shown as a page that its content security policy lets work', async () => {
    const get = async (path: string) => {
      const response = await fetch(`${world.gateway.url}${path}`);
      return {
        status: response.status,
        policy: response.headers.get('content-security-policy'),
        text: await response.text(),
      };
    };
    const page = await get('/docs');
    const scripts = [...page.text.matchAll(/<script(?: src="([^"]*)")?[^>]*>/g)].map(([, src]) => src);

    expect(page.status).toBe(200);
    expect(page.policy).toContain("script-src 'self'");
    expect(page.policy).toContain("style-src 'self' 'unsafe-inline'");
    expect(page.policy).not.toContain('upgrade-insecure-requests');
    expect(scripts.length).toBeGreaterThan(1);
    for (const script of scripts) {
      expect(await get(new URL(script!, `${world.gateway.url}/docs`).pathname)).toMatchObject({
        status: 200,
      });
    }
  });
});
