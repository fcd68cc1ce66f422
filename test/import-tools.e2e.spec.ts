import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { demoSecrets } from '../samples/business-api/auth.js';

/** Tools brought over from elsewhere by REST, published as they came, and executed by NATS. */
describe('an imported tool', () => {
  let test: TestPlatform;
  let origin: string;

  beforeAll(async () => {
    test = await TestPlatform.start();
    origin = test.platform.sampleUrl;
  }, 60_000);
  beforeEach(() => test.resetSample());
  afterAll(() => test.stop(), 30_000);

  /** Looks at the preview, applies it, and publishes what it made. */
  async function bringOver(
    request: object,
  ): Promise<{ keys: string[]; reply: { credentials: { found: boolean }[] } }> {
    const preview = await test.rest('POST', '/v1/tools/import', request);
    expect(preview).toMatchObject({ status: 200, body: { applied: false } });
    const { status, body } = await test.rest('POST', '/v1/tools/import?apply=true', request);
    expect({ status, applied: body.applied }).toEqual({ status: 200, applied: true });
    expect(body.tools.map(({ definition }: { definition: { key: string } }) => definition.key)).toEqual(
      preview.body.tools.map(({ definition }: { definition: { key: string } }) => definition.key),
    );
    const keys: string[] = body.tools.map(
      ({ definition }: { definition: { key: string } }) => definition.key,
    );
    for (const key of keys) {
      expect(await test.rest('POST', `/v1/tools/${key}/publish`, {})).toMatchObject({ status: 200 });
    }
    return { keys, reply: body };
  }
  const lastRequest = async () => {
    const { method, url, headers, body } = (await test.received()).at(-1)!;
    return { method, url, authorization: headers.authorization, type: headers['content-type'], body };
  };

  it('of a curl command sends what the command would have sent, with the credential from the vault', async () => {
    const command = `curl --location '${origin}/orders/:orderId?expand=items' \\
  -H 'Accept: application/json' \\
  -H 'Authorization: Bearer ${demoSecrets.bearerToken}'`;
    const { keys, reply } = await bringOver({ source: command });

    const execution = await test.execute({ toolKey: keys[0]!, arguments: { orderId: 'ORD-12345' } });

    expect(keys).toEqual(['get_orders_by_order_id']);
    expect(execution).toMatchObject({
      status: 'succeeded',
      variables: { order_id: 'ORD-12345', status: 'shipped' },
    });
    expect(await lastRequest()).toEqual({
      method: 'GET',
      url: '/orders/ORD-12345?expand=items',
      authorization: `Bearer ${demoSecrets.bearerToken}`,
      type: undefined,
      body: '',
    });
    expect(JSON.stringify(reply)).not.toContain(demoSecrets.bearerToken);
    expect(reply.credentials).toMatchObject([{ type: 'bearer', origins: [origin], found: true }]);
  });

  it('of a curl command with a user and a body has both', async () => {
    const { keys } = await bringOver({
      source: `curl ${origin}/api/v2/tickets -u '${demoSecrets.basicUser}:${demoSecrets.basicPassword}' -H "Content-Type: application/json" -d '{"ticket":{"subject":"{{subject}}","description":"<what happened>","priority":"high"}}'`,
    });

    const execution = await test.execute({
      toolKey: keys[0]!,
      arguments: { subject: 'Broken "lamp"', what_happened: 'It fell.\nTwice.' },
    });

    expect(execution).toMatchObject({ status: 'succeeded', variables: { api_response_status: 201 } });
    expect(await lastRequest()).toEqual({
      method: 'POST',
      url: '/api/v2/tickets',
      authorization: `Basic ${Buffer.from(`${demoSecrets.basicUser}:${demoSecrets.basicPassword}`).toString('base64')}`,
      type: 'application/json',
      body: '{"ticket":{"subject":"Broken \\"lamp\\"","description":"It fell.\\nTwice.","priority":"high"}}',
    });
  });

  it('of an OpenAPI document uses a credential that is there already', async () => {
    const credentialId = await test.addCredential({
      type: 'api_key',
      name: 'Inventory key',
      origins: [origin],
      in: 'header',
      parameter: 'X-API-Key',
      value: demoSecrets.headerKey,
    });
    const source = `
openapi: 3.1.0
info: { title: Inventory, version: '1' }
servers: [{ url: / }]
security: [{ inventoryKey: [] }]
paths:
  /products/{sku}/availability:
    get:
      operationId: checkAvailability
      summary: Says whether a product is in stock
      parameters:
        - { name: sku, in: path, required: true, schema: { type: string, pattern: '^PROD-[0-9]+$' } }
        - { name: store, in: query, schema: { type: [string, 'null'] } }
      responses: { '200': { description: Ok } }
components: { securitySchemes: { inventoryKey: { type: apiKey, in: header, name: X-API-Key } } }
`;
    const { keys } = await bringOver({
      source,
      baseUrl: origin,
      credentials: { inventoryKey: credentialId },
    });

    const execution = await test.execute({ toolKey: keys[0]!, arguments: { sku: 'PROD-12345' } });

    expect(keys).toEqual(['check_availability']);
    expect(execution).toMatchObject({ status: 'succeeded', variables: { sku: 'PROD-12345' } });
    expect(await lastRequest()).toMatchObject({ method: 'GET', url: '/products/PROD-12345/availability' });
    expect((await test.received()).at(-1)?.headers['x-api-key']).toBe(demoSecrets.headerKey);
  });

  it('of another product’s JSON behaves as it did there: path parameter, body of arguments, defaults', async () => {
    const tool = (more: object) => ({
      authType: 'jwtAuth',
      authToken: `Bearer ${demoSecrets.bearerToken}`,
      ...more,
    });
    const { keys, reply } = await bringOver({
      source: [
        tool({
          name: 'Get Customer',
          description: 'Looks up a customer by number.',
          methodType: 'GET',
          url: `${origin}/customers/:customerId`,
          pathParameters: [{ name: 'customerId', defaultValue: 'CUST-98765' }],
        }),
        tool({
          name: 'Create Support Ticket',
          description: 'Creates a new support ticket in helpdesk system.\n                 Use when needed.',
          methodType: 'POST',
          url: `${origin}/v1/tickets`,
          headers: [{ name: 'Content-Type', value: 'application/json' }],
          parameters: {
            type: 'object',
            properties: {
              customer_email: { type: 'string', format: 'email' },
              subject: { type: 'string' },
              description: { type: 'string' },
              priority: { type: 'string', enum: ['low', 'medium', 'high', 'urgent'], default: 'medium' },
            },
            required: ['customer_email', 'subject', 'description'],
          },
        }),
      ],
    });
    const ticket = { customer_email: 'ada@example.com', subject: 'Lamp', description: 'It fell.' };

    expect(reply.credentials).toHaveLength(1);
    expect(await test.execute({ toolKey: keys[0]!, arguments: {} })).toMatchObject({
      status: 'input_required',
    });
    expect(await test.execute({ toolKey: keys[0]!, arguments: { customerId: 'CUST-12345' } })).toMatchObject({
      status: 'succeeded',
    });
    expect(await lastRequest()).toMatchObject({ method: 'GET', url: '/customers/CUST-12345' });
    expect(await test.execute({ toolKey: keys[1]!, arguments: ticket })).toMatchObject({
      status: 'succeeded',
    });
    expect(await lastRequest()).toMatchObject({
      url: '/v1/tickets',
      authorization: `Bearer ${demoSecrets.bearerToken}`,
      body: JSON.stringify({ ...ticket, priority: 'medium' }),
    });
  });

  it('is not made when another of the same import has a problem, and neither is its credential', async () => {
    const before = (await test.rest('GET', '/v1/credentials?limit=200')).body.items.length as number;
    const source = `curl ${origin}/hours -H 'X-API-Key: never-stored-1234'\ncurl -I ${origin}/health`;
    const { status, body } = await test.rest('POST', '/v1/tools/import?apply=true', { source });

    expect({ status, pointers: body.problems.map(({ pointer }: { pointer: string }) => pointer) }).toEqual({
      status: 400,
      pointers: ['/tools/1/request/method'],
    });
    expect((await test.rest('GET', '/v1/tools/get_hours')).status).toBe(404);
    expect((await test.rest('GET', '/v1/credentials?limit=200')).body.items).toHaveLength(before);
  });
});
