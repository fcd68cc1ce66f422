import type { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { demoSecrets } from '../samples/business-api/auth.js';
import { SeedWorld } from './seed-world.js';

/** The examples of the products' own documentation (seeds 001, 003 and 004), defined by REST and executed by NATS. */
describe('the examples of the seeds', () => {
  let world: SeedWorld;
  let test: TestPlatform;
  let origin: string;

  beforeAll(async () => {
    world = await SeedWorld.start();
    ({ test, origin } = world);
  }, 60_000);
  beforeEach(() => test.resetSample());
  afterAll(() => test.stop(), 30_000);

  const publish: SeedWorld['publish'] = (tool, credential) => world.publish(tool, credential);
  const execute: SeedWorld['execute'] = (key, args, more) => world.execute(key, args, more);
  const lastRequest: SeedWorld['lastRequest'] = () => world.lastRequest();

  it('003: looks up an order by GET with a bearer token and speaks of it', async () => {
    const key = await publish(
      {
        key: 'lookup_order_status',
        name: 'Lookup Order Status',
        variables: [
          {
            name: 'order_number',
            type: 'string',
            description: "Customer's order number",
            example: 'ORD-12345',
            required: true,
          },
        ],
        request: { method: 'GET', path: '/orders/{{order_number}}' },
        messages: {
          start: 'One moment',
          complete: 'Your order has {{status}}! Your tracking number is {{tracking_number}}.',
        },
      },
      'bearer',
    );

    const execution = await execute(key, { order_number: 'ORD-12345' });

    expect(execution).toMatchObject({
      status: 'succeeded',
      outcome: 'ok',
      variables: {
        order_id: 'ORD-12345',
        status: 'shipped',
        tracking_number: '1Z999AA10123456784',
        api_response_status: 200,
      },
      say: {
        start: 'One moment',
        complete: 'Your order has shipped! Your tracking number is 1Z999AA10123456784.',
      },
    });
    const { method, url, headers, body } = await lastRequest();
    expect({ method, url, body }).toEqual({ method: 'GET', url: '/orders/ORD-12345', body: '' });
    expect(headers.authorization).toBe(`Bearer ${demoSecrets.bearerToken}`);
  });

  it('003: asks for the variable that is missing before calling anything', async () => {
    const execution = await execute('lookup_order_status', {});

    expect(execution).toMatchObject({
      status: 'input_required',
      missing: [
        {
          name: 'order_number',
          type: 'string',
          description: "Customer's order number",
          example: 'ORD-12345',
        },
      ],
    });
    expect(await test.received()).toEqual([]);
  });

  it('003: creates a Zendesk ticket by POST with basic authentication and a nested body of contact and arguments', async () => {
    const key = await publish(
      {
        key: 'create_ticket',
        name: 'Create Ticket',
        variables: [
          { name: 'issue_description', type: 'string', required: true },
          { name: 'priority_level', type: 'string', required: true },
        ],
        request: {
          method: 'POST',
          path: '/api/v2/tickets',
          body: {
            type: 'json',
            template:
              '{\n  "ticket": {\n    "subject": "Call with {{contact.first_name}}",\n    "description": "{{issue_description}}",\n    "priority": "{{priority_level}}"\n  }\n}',
          },
        },
      },
      'basic',
    );

    const execution = await execute(
      key,
      { issue_description: 'It says "no".\nTwice.', priority_level: 'high' },
      { context: { contact: world.contact } },
    );

    expect(execution).toMatchObject({
      status: 'succeeded',
      variables: { ticket: { subject: 'Call with Ada' }, api_response_status: 201 },
    });
    const { headers, body } = await lastRequest();
    expect(headers.authorization).toBe(
      `Basic ${Buffer.from(`${demoSecrets.basicUser}:${demoSecrets.basicPassword}`).toString('base64')}`,
    );
    expect(headers['content-type']).toBe('application/json');
    expect(body).toBe(
      '{"ticket":{"subject":"Call with Ada","description":"It says \\"no\\".\\nTwice.","priority":"high"}}',
    );
  });

  it('003: checks inventory by GET with the header X-API-Key', async () => {
    const key = await publish(
      {
        key: 'check_inventory',
        name: 'Check Inventory',
        variables: [{ name: 'sku', type: 'string', required: true, example: 'PROD-12345' }],
        request: { method: 'GET', path: '/products/{{sku}}/availability' },
      },
      'headerKey',
    );

    expect(await execute(key, { sku: 'PROD-12345' })).toMatchObject({
      status: 'succeeded',
      variables: { sku: 'PROD-12345', in_stock: true },
    });
    expect((await lastRequest()).headers['x-api-key']).toBe(demoSecrets.headerKey);
  });

  it('003: puts a credential into the body beside the arguments', async () => {
    const key = await publish(
      {
        key: 'verify_customer',
        name: 'Verify Customer',
        variables: [
          { name: 'customer_id', type: 'string', required: true },
          { name: 'phone_pin', type: 'string', required: true },
        ],
        request: { method: 'POST', path: '/auth/verify' },
      },
      'bodyKey',
    );

    expect(await execute(key, { customer_id: '12345', phone_pin: 5678 })).toMatchObject({
      status: 'succeeded',
      variables: { verified: true },
    });
    expect(JSON.parse((await lastRequest()).body)).toEqual({
      customer_id: '12345',
      phone_pin: '5678',
      api_key: demoSecrets.bodyKey,
    });
  });

  it('003: converts variables to the types of its table', async () => {
    await test.fault({ path: '/hours', fault: { echo: true } });
    const key = await publish({
      key: 'type_conversion',
      name: 'Type conversion',
      variables: (['integer', 'float', 'boolean', 'string', 'date', 'email', 'phone'] as const).map(
        (type) => ({ name: `a_${type}`, type, required: true }),
      ),
      request: { method: 'POST', path: '/hours' },
    });
    const given = {
      a_integer: '42',
      a_float: '1250.5',
      a_boolean: 'true',
      a_string: 12345,
      a_date: '2026-03-01',
      a_email: 'a@example.com',
      a_phone: '+14155550100',
    };

    expect((await execute(key, given)).status).toBe('succeeded');
    expect(JSON.parse((await lastRequest()).body)).toEqual({
      ...given,
      a_integer: 42,
      a_float: 1250.5,
      a_boolean: true,
      a_string: '12345',
    });
    expect(await execute(key, { ...given, a_integer: 'many', a_date: 'tomorrow' })).toMatchObject({
      status: 'input_required',
      missing: expect.arrayContaining([
        expect.objectContaining({ name: 'a_integer', hint: 'must be an integer' }),
        expect.objectContaining({ name: 'a_date', hint: expect.stringContaining('YYYY-MM-DD') }),
      ]),
    });
  });

  it('003: sends query parameters of its own, and the default of an optional variable', async () => {
    const key = await publish(
      {
        key: 'find_slots',
        name: 'Find slots',
        variables: [
          { name: 'service_type', type: 'string', required: true },
          { name: 'email', type: 'email', default: 'not-provided@example.com' },
        ],
        request: {
          method: 'GET',
          path: '/slots/available',
          query: [
            { name: 'start_date', value: '{{current_date}}' },
            { name: 'days_ahead', value: '14' },
          ],
        },
      },
      'queryKey',
    );

    expect((await execute(key, { service_type: 'check-up & clean' })).status).toBe('succeeded');
    const url = new URL((await lastRequest()).url, origin);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      start_date: new Date().toISOString().slice(0, 10),
      days_ahead: '14',
      service_type: 'check-up & clean',
      email: 'not-provided@example.com',
      api_key: demoSecrets.queryKey,
    });
  });

  it('004: fills a path parameter from the schema', async () => {
    const key = await publish(
      {
        key: 'get_order_status',
        name: 'Get Order Status',
        parameters: {
          type: 'object',
          properties: { orderId: { type: 'string', description: 'Order ID (format: ORD-XXXXX)' } },
          required: ['orderId'],
        },
        request: {
          method: 'GET',
          path: '/orders/:orderId',
          pathParameters: [{ name: 'orderId', default: 'ORD-12345', useDefault: true }],
        },
      },
      'bearer',
    );

    expect(await execute(key, { orderId: 'ORD-67890' })).toMatchObject({
      status: 'succeeded',
      variables: { order_id: 'ORD-67890' },
    });
    expect((await lastRequest()).url).toBe('/orders/ORD-67890');
  });

  it('004: fills two path parameters', async () => {
    const key = await publish(
      {
        key: 'customer_order',
        name: 'Get order details',
        parameters: {
          type: 'object',
          properties: { customerId: { type: 'string' }, orderId: { type: 'string' } },
          required: ['customerId', 'orderId'],
        },
        request: { method: 'GET', path: '/customers/:customerId/orders/:orderId' },
      },
      'bearer',
    );

    await execute(key, { customerId: 'CUST-98765', orderId: 'ORD-11111' });
    expect((await lastRequest()).url).toBe('/customers/CUST-98765/orders/ORD-11111');
  });

  it('004: creates by POST with the defaults of the schema', async () => {
    const key = await publish(
      {
        key: 'create_support_ticket',
        name: 'Create Support Ticket',
        parameters: {
          type: 'object',
          properties: {
            customer_email: { type: 'string', format: 'email', description: "Customer's email address" },
            subject: { type: 'string', description: 'Ticket subject/title' },
            description: { type: 'string', description: 'Detailed issue description' },
            priority: {
              type: 'string',
              enum: ['low', 'medium', 'high', 'urgent'],
              default: 'medium',
              description: 'Ticket priority level',
            },
          },
          required: ['customer_email', 'subject', 'description'],
        },
        request: {
          method: 'POST',
          path: '/v1/tickets',
          headers: [{ name: 'Content-Type', value: 'application/json' }],
        },
      },
      'bearer',
    );

    const args = { customer_email: 'ada@example.com', subject: 'Broken', description: 'It does not turn on' };
    expect(await execute(key, args)).toMatchObject({
      status: 'succeeded',
      variables: { api_response_status: 201 },
    });
    const { body, rawHeaders } = await lastRequest();
    expect(body).toBe(
      '{"customer_email":"ada@example.com","subject":"Broken","description":"It does not turn on","priority":"medium"}',
    );
    expect(rawHeaders.filter(([name]) => name!.toLowerCase() === 'content-type')).toHaveLength(1);
  });

  it('004: updates by PATCH only what was given, the path parameter apart', async () => {
    const key = await publish(
      {
        key: 'update_preferences',
        name: 'Update Customer Preferences',
        parameters: {
          type: 'object',
          properties: {
            customerId: { type: 'string', description: 'Customer ID' },
            email_notifications: { type: 'boolean' },
            sms_notifications: { type: 'boolean' },
            preferred_contact_time: { type: 'string', enum: ['morning', 'afternoon', 'evening'] },
          },
          required: ['customerId'],
        },
        request: { method: 'PATCH', path: '/customers/:customerId' },
      },
      'bearer',
    );

    expect((await execute(key, { customerId: 'CUST-12345', sms_notifications: false })).status).toBe(
      'succeeded',
    );
    expect(await lastRequest()).toMatchObject({
      method: 'PATCH',
      url: '/customers/CUST-12345',
      body: '{"sms_notifications":false}',
    });
  });

  it('004: deletes, with the reason beside', async () => {
    const key = await publish(
      {
        key: 'cancel_appointment',
        name: 'Cancel Appointment',
        parameters: {
          type: 'object',
          properties: { appointmentId: { type: 'string' }, cancellation_reason: { type: 'string' } },
          required: ['appointmentId'],
        },
        request: { method: 'DELETE', path: '/appointments/:appointmentId' },
      },
      'bearer',
    );

    const execution = await execute(key, { appointmentId: 'APT-12345', cancellation_reason: 'moved away' });

    expect(execution.status).toBe('succeeded');
    expect(await lastRequest()).toMatchObject({
      method: 'DELETE',
      url: '/appointments/APT-12345?cancellation_reason=moved%20away',
    });
    expect(await execute(key, { appointmentId: 'APT-99999' })).toMatchObject({
      status: 'failed',
      outcome: 'not_found',
    });
  });

  it('004: makes nested variables of the answer', async () => {
    const key = await publish(
      {
        key: 'lookup_customer',
        name: 'Lookup Customer by Phone',
        parameters: {
          type: 'object',
          properties: { phone_number: { type: 'string', description: 'In E.164 format' } },
          required: ['phone_number'],
        },
        request: { method: 'POST', path: '/customers/lookup' },
        messages: {
          complete:
            'Welcome back, {{customer.name}}! Your most recent order {{orders[0].id}} is {{orders[0].status}}.',
        },
      },
      'bearer',
    );

    const { variables, say } = await execute(key, { phone_number: '+15551234567' });

    expect(variables).toMatchObject({
      customer: { id: 'CUST-12345', name: 'John Smith', tier: 'gold', balance: 1250.5 },
      orders: expect.arrayContaining([{ id: 'ORD-11111', status: 'shipped', total: 99.99 }]),
    });
    expect(say?.complete).toBe('Welcome back, John Smith! Your most recent order ORD-11111 is shipped.');
  });

  it('001: sends three correlation headers on a live call, none on a test', async () => {
    await execute('lookup_order_status', { order_number: 'ORD-12345' });
    expect((await lastRequest()).headers).toMatchObject({
      'x-patchbay-call-id': world.callId,
      'x-patchbay-org-id': test.orgId,
      'x-patchbay-tool-key': 'lookup_order_status',
    });

    await test.execute({ toolKey: 'lookup_order_status', arguments: { order_number: 'ORD-12345' } });
    expect((await lastRequest()).headers).not.toHaveProperty('x-patchbay-call-id');
    expect((await lastRequest()).headers).toHaveProperty('x-patchbay-org-id');

    const { status, body } = await test.rest('POST', '/v1/tools/lookup_order_status/test', {
      arguments: { order_number: 'ORD-12345' },
    });
    expect(status).toBe(200);
    expect(
      Object.keys((await lastRequest()).headers).filter((name) => name.startsWith('x-patchbay')),
    ).toEqual([]);
    expect(body).toMatchObject({
      execution: { status: 'succeeded' },
      exchange: {
        request: {
          method: 'GET',
          headers: expect.arrayContaining([
            { name: 'Authorization', value: 'Bearer ‹credential: Shop API token›' },
          ]),
        },
        response: { status: 200, body: expect.stringContaining('ORD-12345'), latencyMs: expect.any(Number) },
      },
    });
  });

  it.each<[string, object, object]>([
    ['404', { status: 404 }, { status: 'failed', outcome: 'not_found', http: { status: 404, attempts: 1 } }],
    ['500', { status: 500 }, { status: 'failed', outcome: 'upstream_error', error: { retryable: true } }],
    ['401', { status: 401 }, { status: 'failed', outcome: 'unauthorized', error: { retryable: false } }],
    [
      'no answer in time',
      { hang: true },
      { status: 'failed', outcome: 'timeout', error: { code: 'upstream_timeout' } },
    ],
    ['a connection that breaks', { reset: 'before_response' }, { status: 'failed', outcome: 'unreachable' }],
    [
      'HTML in place of JSON',
      { junk: 'html' },
      { status: 'succeeded', variables: { response: expect.stringContaining('<') } },
    ],
    [
      'JSON cut short',
      { junk: 'truncated' },
      { status: 'failed', error: { code: expect.stringMatching(/^response_/) } },
    ],
    [
      'more than allowed',
      { hugeBytes: 5_000_000 },
      { status: 'failed', error: { code: 'response_too_large' } },
    ],
    [
      'a redirect elsewhere',
      { redirect: 'http://127.0.0.1:1/' },
      { status: 'failed', outcome: 'redirected' },
    ],
  ])('an API that answers with %s is told as what it is', async (_what, fault, expected) => {
    await test.fault({ path: '/orders/ORD-12345', fault });

    const execution = await execute(
      'lookup_order_status',
      { order_number: 'ORD-12345' },
      { deadlineMs: 700 },
    );

    expect(execution).toMatchObject(expected);
  });

  it('everything that ran is on record', async () => {
    const { body } = await test.eventually(
      () => test.rest('GET', '/v1/executions?limit=200'),
      ({ body: page }) => page.items.length >= 25,
    );

    expect(body.items.every((item: { orgId: string }) => item.orgId === test.orgId)).toBe(true);
    const { body: stats } = await test.rest('GET', '/v1/stats?groupBy=tool');
    const ofOrders = stats.groups.find(({ group }: { group: string }) => group === 'lookup_order_status');
    expect(ofOrders).toMatchObject({
      count: expect.any(Number),
      successRate: expect.any(Number),
      p50Ms: expect.any(Number),
      p99Ms: expect.any(Number),
    });
    expect(ofOrders.successRate).toBeLessThan(1);
  });
});
