import {
  bindAgentTools,
  createTool,
  describeTools,
  exportTools,
  getTool,
  publishTool,
  setEnvironment,
  updateTool,
  type ExportFormat,
} from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import type { TestService } from '#testing/test-service';
import { strings, toolInput } from '#testing/tool-definition.builder';
import { importTools } from '#toolcall/import/import-tools';
import type { ToolDefinitionInput } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { validate } from '@readme/openapi-parser';
import { randomUUID } from 'node:crypto';
import { demoTools } from '../../../../scripts/demo-tools.js';
import { startCatalog } from '../../test/running-catalog.js';

const ORIGIN = 'https://api.example.com';
const CRM = randomUUID();
const STAGING = randomUUID();
const GONE = randomUUID();
const origins = [ORIGIN, 'https://staging.example.com'];
const masked = { masked: 'sk_l…f9a2' };
const credentials = new Map<string, object>([
  [CRM, { id: CRM, name: 'crm', type: 'bearer', origins, token: masked }],
  [
    STAGING,
    {
      id: STAGING,
      name: 'staging key',
      type: 'api_key',
      in: 'header',
      parameter: 'X-Key',
      origins,
      value: masked,
    },
  ],
  [GONE, { id: GONE, name: 'gone', type: 'bearer', origins, token: masked }],
]);

describe('the catalog exports', () => {
  let catalog: TestService;
  let orgId: string;

  beforeAll(async () => {
    catalog = await startCatalog({
      credentialOf: (id) => {
        const found = credentials.get(id);
        if (found instanceof ServiceError) throw found;
        return found;
      },
    });
  });

  beforeEach(() => {
    orgId = randomUUID();
  });

  afterAll(() => catalog.stop());

  const publish = async (definition: ToolDefinitionInput, organization = orgId) => {
    await catalog.call(createTool, { orgId: organization, definition });
    await catalog.call(publishTool, { orgId: organization, toolKey: definition.key });
  };
  const exported = async (format?: ExportFormat, more: { agentId?: string; environment?: 'dev' } = {}) => {
    const reply = await catalog.call(exportTools, { orgId, ...(format && { format }), ...more });
    return reply as { format: string; tools: Record<string, unknown>[]; document: Record<string, unknown> };
  };

  it('definitions that, imported again, are stored the same', async () => {
    const samples = [
      ...demoTools(ORIGIN).map(({ definition }, index) =>
        index === 0 ? { ...definition, request: { ...definition.request, credentialId: CRM } } : definition,
      ),
      toolInput({ key: 'everything', ...everything }),
    ];
    for (const definition of samples) await publish(definition);
    const text = JSON.stringify(await exported('patchbay'));

    const imported = importTools({ format: 'auto', source: text });
    if (!imported.ok) throw new Error(JSON.stringify(imported.problems));
    expect(imported.format).toBe('patchbay');
    const other = randomUUID();
    for (const { definition, problems } of imported.tools) {
      expect(problems).toEqual([]);
      await publish(definition, other);
    }
    for (const { key } of samples) {
      const [before, after] = await Promise.all(
        [orgId, other].map((organization) => catalog.call(getTool, { orgId: organization, toolKey: key })),
      );
      expect(JSON.stringify(after!.definition)).toBe(JSON.stringify(before!.definition));
    }
  });

  it('what is published, and no draft', async () => {
    await publish(toolInput({ key: 'published' }));
    await catalog.call(createTool, { orgId, definition: toolInput({ key: 'draft_only' }) });
    const changed = toolInput({ key: 'published', description: 'Changed since it was published.' });
    await catalog.call(updateTool, { orgId, toolKey: 'published', definition: changed });
    const { format, tools } = await exported();

    expect([format, tools.length]).toEqual(['patchbay', 1]);
    expect(tools[0]).toMatchObject({ key: 'published', description: 'Looks up an order by its number.' });
  });

  it.each(['openai', 'anthropic', 'gemini', 'mcp'] as const)(
    'functions for %s as the bus lists them',
    async (format) => {
      await publish(toolInput({ parameters: strings('order_id') }));

      expect(await exported(format)).toEqual(await catalog.call(describeTools, { format }, { orgId }));
    },
  );

  it('requests as an OpenAPI document, with each credential as a scheme of its name', async () => {
    await publish(toolInput({ request: { url: `${ORIGIN}/orders`, credentialId: CRM } }));
    const { document } = await exported('openapi');

    expect(document).toMatchObject({
      paths: { '/orders': { get: { servers: [{ url: ORIGIN }], security: [{ crm: [] }] } } },
      components: { securitySchemes: { crm: { type: 'http', scheme: 'bearer' } } },
    });
    expect(JSON.stringify(document)).not.toContain(masked.masked);
    const copy = structuredClone(document) as unknown as Parameters<typeof validate>[0];
    expect(await validate(copy)).toMatchObject({ valid: true });
  });

  it('requests as an environment makes them', async () => {
    await publish(toolInput({ request: { url: `${ORIGIN}/orders`, credentialId: CRM } }));
    await catalog.call(setEnvironment, {
      orgId,
      toolKey: 'get_order',
      name: 'dev',
      version: 1,
      baseUrl: 'https://staging.example.com/api',
      credentialId: STAGING,
    });
    const { document } = await exported('openapi', { environment: 'dev' });

    expect(document).toMatchObject({
      paths: {
        '/api/orders': {
          get: { servers: [{ url: 'https://staging.example.com' }], security: [{ staging_key: [] }] },
        },
      },
      components: { securitySchemes: { staging_key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
    });
    expect((await exported('openapi')).document).toMatchObject({ paths: { '/orders': {} } });
    expect((await exported('patchbay', { environment: 'dev' })).tools).toMatchObject([
      { request: { url: `${ORIGIN}/orders`, credentialId: CRM } },
    ]);
  });

  it('what an agent has, as it has it', async () => {
    await publish(toolInput({ key: 'mine', parameters: strings('a', 'b') }));
    await publish(toolInput({ key: 'not_mine' }));
    const tools = [{ key: 'mine', bind: { b: '{{agent_id}}' } }];
    await catalog.call(bindAgentTools, { orgId, agentId: 'front desk', tools });
    const { tools: openai } = await exported('openai', { agentId: 'front desk' });

    expect(openai).toEqual([expect.objectContaining({ name: 'mine' })]);
    expect(openai[0]).toMatchObject({ parameters: { required: ['a'] } });
  });

  it('a tool whose credential is gone, without a scheme for it', async () => {
    await publish(toolInput({ request: { credentialId: GONE } }));
    credentials.delete(GONE);
    const { document } = await exported('openapi');

    expect(document).not.toHaveProperty('components');
    expect(document.paths).toMatchObject({ '/orders': { get: { security: [] } } });
  });

  it('no document that leaves out a credential because the vault is away', async () => {
    await publish(toolInput({ request: { credentialId: CRM } }));
    const crm = credentials.get(CRM)!;
    credentials.set(CRM, new ServiceError('service_unavailable', 'away'));

    await expect(exported('openapi')).rejects.toMatchObject({ code: 'service_unavailable' });
    credentials.set(CRM, crm);
  });

  it('nothing of another organization', async () => {
    await publish(toolInput(), randomUUID());

    expect((await exported()).tools).toEqual([]);
    expect((await exported('openapi')).document).toMatchObject({ paths: {} });
  });
});

/** A definition with something of everything. */
const everything: Parameters<typeof toolInput>[0] = {
  burden: 'ambient',
  parameters: {
    type: 'object',
    properties: {
      order_id: { type: 'string', pattern: '^ORD-', minLength: 5, examples: ['ORD-1'] },
      when: { type: ['string', 'null'], format: 'date' },
      lines: {
        type: 'array',
        items: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
        maxItems: 3,
      },
      kind: { enum: ['a', 'b'], default: 'a' },
    },
    required: ['order_id'],
    additionalProperties: false,
  },
  bind: { customer: '{{contact.id}}' },
  callVariables: ['order'],
  request: {
    method: 'PUT',
    url: `${ORIGIN}/v1/:order_id/{{customer}}?lang={{language | default: "en"}}`,
    pathParameters: [{ name: 'order_id', default: 'last', useDefault: false }],
    headers: [{ name: 'X-Agent', value: '{{agent_name}}' }],
    query: [{ name: 'on', value: '{{when}}' }],
    body: { type: 'json', template: { lines: '{{lines}}', kind: '{{kind}}', from: '{{order.id}}' } },
    timeoutMs: 1500,
  },
  response: {
    variables: [
      { name: 'status', path: 'order.status', default: 'unknown' },
      { name: 'total', expression: 'sum(lines[].price)' },
      { name: 'rate', header: 'X-Rate' },
    ],
    expose: 'mapped',
    redact: ['order.card'],
    maxBytes: 1000,
    outcomes: [
      { when: 'body.error exists', outcome: 'invalid', succeeded: false, say: 'That did not work.' },
    ],
  },
  messages: { start: 'One moment.', complete: 'Done: {{status}}.' },
  execution: { writes: true, onInterrupt: 'continue' },
};
