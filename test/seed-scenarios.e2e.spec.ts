import type { Execution } from '#contracts/executor.contract';
import type { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { demoSecrets } from '../samples/business-api/auth.js';
import { SeedWorld, type SeedTool } from './seed-world.js';

/** The multi-step examples of the products' documentation: each request as it arrives, to the byte. */
describe('the scenarios of the seeds', () => {
  let world: SeedWorld;
  let test: TestPlatform;

  beforeAll(async () => {
    world = await SeedWorld.start();
    ({ test } = world);
  }, 60_000);
  beforeEach(() => test.resetSample());
  afterAll(() => test.stop(), 30_000);

  const strings = (...names: string[]) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: names,
  });

  /** Publishes the tool, runs it once, and gives what it came to beside what arrived. */
  async function run(
    tool: Omit<SeedTool, 'name'>,
    credential: string | undefined,
    args: Record<string, unknown>,
    more: object = {},
  ) {
    const key = await world.publish({ name: tool.key, ...tool }, credential);
    const execution = await world.execute(key, args, more);
    const { method, url, body, headers } = await world.lastRequest();
    return { execution, sent: { method, url, body }, headers };
  }

  const succeeded = (variables: object): Partial<Execution> => ({
    status: 'succeeded',
    variables: expect.objectContaining(variables),
  });

  it('003: verifies a customer, then looks up the orders of that customer', async () => {
    const verified = await run(
      {
        key: 'verify_customer',
        parameters: strings('customer_id', 'phone_pin'),
        request: { method: 'POST', path: '/auth/verify' },
        response: { outcomes: [{ when: 'verified == false', outcome: 'not_verified', succeeded: false }] },
      },
      'bodyKey',
      { customer_id: '12345', phone_pin: '5678' },
    );
    expect(verified.execution).toMatchObject(succeeded({ verified: true, customer_name: 'John Smith' }));
    expect(verified.sent.body).toBe(
      `{"customer_id":"12345","phone_pin":"5678","api_key":"${demoSecrets.bodyKey}"}`,
    );

    const orders = await run(
      {
        key: 'lookup_orders',
        parameters: strings('customer_id'),
        request: { method: 'GET', path: '/customers/{{customer_id}}/orders' },
      },
      'bearer',
      { customer_id: 'CUST-12345' },
    );
    expect(orders.execution.variables).toHaveProperty('orders');
    expect(orders.sent).toEqual({ method: 'GET', url: '/customers/CUST-12345/orders', body: '' });
  });

  it('003: a wrong PIN is a failed verification, whatever the status of the answer', async () => {
    await test.fault({ path: '/auth/verify', fault: { status: 200, body: { verified: false } } });
    const { execution } = await run(
      {
        key: 'verify_pin',
        parameters: strings('customer_id', 'phone_pin'),
        request: { method: 'POST', path: '/auth/verify' },
        response: {
          outcomes: [
            {
              when: 'verified == false',
              outcome: 'not_verified',
              succeeded: false,
              say: 'I could not verify that.',
            },
          ],
        },
      },
      'bodyKey',
      { customer_id: '12345', phone_pin: '0000' },
    );
    expect(execution).toMatchObject({
      status: 'failed',
      outcome: 'not_verified',
      say: { failure: 'I could not verify that.' },
    });
  });

  it('004, example 1: looks a customer up by phone and logs the contact', async () => {
    const found = await run(
      {
        key: 'crm_lookup',
        parameters: strings('phone'),
        request: { method: 'POST', path: '/v1/customers/search' },
        messages: { complete: 'Hi {{customer.name}}! How can I help you today?' },
      },
      'bearer',
      { phone: '+15551234567' },
    );
    expect(found.sent).toEqual({
      method: 'POST',
      url: '/v1/customers/search',
      body: '{"phone":"+15551234567"}',
    });
    expect(found.execution.say?.complete).toBe('Hi John Smith! How can I help you today?');

    const logged = await run(
      {
        key: 'crm_log',
        parameters: strings('customer_id', 'last_contact_reason', 'contact_notes'),
        bind: { last_contact_date: '{{current_datetime}}' },
        request: { method: 'PATCH', path: '/v1/customers/{{customer_id}}' },
      },
      'bearer',
      { customer_id: 'CUST-12345', last_contact_reason: 'billing', contact_notes: 'Asked about "May".' },
    );
    expect(logged.execution.status).toBe('succeeded');
    expect(logged.sent.url).toBe('/v1/customers/CUST-12345');
    expect(JSON.parse(logged.sent.body)).toEqual({
      last_contact_reason: 'billing',
      contact_notes: 'Asked about "May".',
      last_contact_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
    });
  });

  it('004: variables of one tool are there for the next tool of the call, and keep it to what they say', async () => {
    await run(
      {
        key: 'find_customer',
        parameters: strings('phone'),
        request: { method: 'POST', path: '/v1/customers/search' },
      },
      'bearer',
      { phone: '+15551234567' },
    );

    const own = await run(
      {
        key: 'own_orders',
        callVariables: ['customer'],
        request: { method: 'GET', path: '/customers/{{customer.id}}/orders' },
      },
      'bearer',
      {},
    );
    expect(own.sent.url).toBe('/customers/CUST-12345/orders');

    const key = await world.publish(
      {
        key: 'own_order',
        name: 'Own order',
        parameters: strings('orderId'),
        allowedValuesFrom: { orderId: 'orders[*].id' },
        request: { method: 'GET', path: '/orders/:orderId' },
      },
      'bearer',
    );
    const requests = (await test.received()).length;
    expect((await world.execute(key, { orderId: 'ORD-67890' })).status).not.toBe('succeeded');
    expect(await test.received()).toHaveLength(requests);
    expect(await world.execute(key, { orderId: 'ORD-11111' })).toMatchObject({ status: 'succeeded' });
  });

  it('004, example 2: fetches an order and files a damage claim', async () => {
    const order = await run(
      {
        key: 'fetch_order',
        parameters: strings('orderId'),
        request: { method: 'GET', path: '/orders/:orderId' },
        messages: {
          complete: 'Tracking number is {{tracking_number}}, it should arrive by {{estimated_delivery}}.',
        },
      },
      'bearer',
      { orderId: 'ORD-12345' },
    );
    expect(order.execution.say?.complete).toMatch(
      /^Tracking number is 1Z999AA10123456784, it should arrive by /,
    );

    const claim = await run(
      {
        key: 'create_claim',
        parameters: strings('order_id', 'description'),
        bind: { claim_type: 'damaged' },
        request: { method: 'POST', path: '/claims' },
        messages: { complete: "I've created claim {{claim_id}} for you." },
      },
      'bearer',
      { order_id: 'ORD-12345', description: 'The box was crushed', claim_type: 'missing' },
    );
    expect(claim.sent.body).toBe(
      '{"order_id":"ORD-12345","description":"The box was crushed","claim_type":"damaged"}',
    );
    expect(claim.execution.say?.complete).toMatch(/^I've created claim CLM-\d+ for you\.$/);
  });

  it('004, example 3: offers slots, books one, and confirms it by message', async () => {
    const slots = await run(
      {
        key: 'check_availability',
        parameters: strings('service_type'),
        bind: { start_date: '{{current_date}}', days_ahead: '14' },
        request: { method: 'GET', path: '/slots/available' },
        messages: {
          complete: 'I have {{available_slots[0].date}} at {{available_slots[0].time}}.',
        },
      },
      'queryKey',
      { service_type: 'checkup' },
    );
    const today = new Date().toISOString().slice(0, 10);
    expect(slots.sent.url).toBe(
      `/slots/available?service_type=checkup&start_date=${today}&days_ahead=14&api_key=${demoSecrets.queryKey}`,
    );
    const [slot] = slots.execution.variables.available_slots as {
      slot_id: string;
      date: string;
      time: string;
    }[];
    expect(slots.execution.say?.complete).toBe(`I have ${slot?.date} at ${slot?.time}.`);

    const booked = await run(
      {
        key: 'create_appointment',
        parameters: {
          ...strings('customer_phone', 'slot_id', 'service_type'),
          properties: {
            ...strings('customer_phone', 'slot_id', 'service_type').properties,
            notes: { type: 'string' },
          },
        },
        request: { method: 'POST', path: '/appointments' },
      },
      'bearer',
      { customer_phone: '+15551234567', slot_id: slot?.slot_id, service_type: 'checkup' },
    );
    expect(booked.sent.body).toBe(
      `{"customer_phone":"+15551234567","slot_id":"${slot?.slot_id}","service_type":"checkup"}`,
    );
    const { confirmation_code } = booked.execution.variables as { confirmation_code: string };

    const message = await run(
      {
        key: 'send_sms',
        parameters: strings('to', 'day', 'code'),
        request: {
          method: 'POST',
          path: '/send',
          body: {
            type: 'json',
            template: { to: '{{to}}', message: 'Confirmed for {{day}}. Confirmation code: {{code}}' },
          },
        },
      },
      'bearer',
      { to: '+15551234567', day: slot?.date, code: confirmation_code },
    );
    expect(message.sent.body).toBe(
      `{"to":"+15551234567","message":"Confirmed for ${slot?.date}. Confirmation code: ${confirmation_code}"}`,
    );
    expect(message.execution).toMatchObject({ status: 'succeeded', http: { status: 202 } });
  });

  it('004, chained calls: checks stock, orders, pays', async () => {
    const stock = await run(
      {
        key: 'check_product',
        parameters: strings('product_id'),
        request: { method: 'GET', path: '/products/:product_id/availability' },
      },
      'headerKey',
      { product_id: 'PROD-12345' },
    );
    expect(stock.execution).toMatchObject(succeeded({ in_stock: true }));

    const order = await run(
      {
        key: 'create_order',
        parameters: {
          type: 'object',
          properties: {
            customer_id: { type: 'string' },
            product_id: { type: 'string' },
            quantity: { type: 'number', minimum: 1, maximum: 100, description: 'Number of items to order' },
            shipping_address: {
              type: 'object',
              properties: {
                street: { type: 'string' },
                city: { type: 'string' },
                state: { type: 'string' },
                zip: { type: 'string' },
              },
              required: ['street', 'city', 'state', 'zip'],
            },
          },
          required: ['customer_id', 'product_id', 'quantity', 'shipping_address'],
        },
        request: { method: 'POST', path: '/orders' },
      },
      'bearer',
      {
        customer_id: 'CUST-12345',
        product_id: 'PROD-12345',
        quantity: '2',
        shipping_address: { street: '1 Main St', city: 'Springfield', state: 'IL', zip: 62701 },
      },
    );
    expect(order.sent.body).toBe(
      '{"customer_id":"CUST-12345","product_id":"PROD-12345","quantity":2,' +
        '"shipping_address":{"street":"1 Main St","city":"Springfield","state":"IL","zip":"62701"}}',
    );
    const { order_id, total_amount } = order.execution.variables as {
      order_id: string;
      total_amount: number;
    };

    const payment = await run(
      {
        key: 'charge_payment',
        parameters: {
          type: 'object',
          properties: {
            customer_id: { type: 'string' },
            order_id: { type: 'string' },
            amount: { type: 'number' },
          },
          required: ['customer_id', 'order_id', 'amount'],
        },
        request: { method: 'POST', path: '/payments' },
      },
      'bearer',
      { customer_id: 'CUST-12345', order_id, amount: total_amount },
    );
    expect(payment.execution).toMatchObject(succeeded({ payment_status: 'captured', order_id }));
  });

  it('004: sends custom authentication headers, a list and the default of a boolean', async () => {
    await test.fault({ path: '/hours', fault: { echo: true } });
    const headers = await test.addCredential({
      type: 'headers',
      name: 'Custom scheme',
      origins: [world.origin],
      headers: [
        { name: 'X-Custom-Auth', value: 'custom_token_here' },
        { name: 'X-Client-ID', value: 'client_123' },
      ],
    });
    const { sent, headers: received } = await run(
      {
        key: 'custom_scheme',
        parameters: {
          type: 'object',
          properties: {
            product_ids: {
              type: 'array',
              items: { type: 'string' },
              description: 'List of product IDs to order',
            },
            send_confirmation: { type: 'boolean', default: true, description: 'Send confirmation email' },
          },
        },
        request: { method: 'POST', path: '/hours' },
      },
      headers,
      { product_ids: ['PROD-12345', 11111] },
    );
    expect(received).toMatchObject({ 'x-custom-auth': 'custom_token_here', 'x-client-id': 'client_123' });
    expect(sent.body).toBe('{"product_ids":["PROD-12345","11111"],"send_confirmation":true}');
  });

  it('004: tells a customer who was not found from a server in trouble', async () => {
    const tool: SeedTool = {
      key: 'customer_info',
      name: 'Get Customer Info',
      parameters: strings('customer_id'),
      request: { method: 'GET', path: '/customers/:customer_id' },
      response: {
        outcomes: [
          { when: '404', outcome: 'not_found', say: "I couldn't find an account with that information." },
          {
            when: '5xx',
            outcome: 'upstream_error',
            say: "I'm having trouble accessing the system right now.",
          },
        ],
      },
    };
    const unknown = await run(tool, 'bearer', { customer_id: 'CUST-00000' });
    expect(unknown.execution).toMatchObject({
      outcome: 'not_found',
      variables: { api_response_status: 404 },
      say: { failure: "I couldn't find an account with that information." },
    });

    await test.fault({ path: '/customers/CUST-12345', fault: { status: 503 } });
    expect(await world.execute('customer_info', { customer_id: 'CUST-12345' })).toMatchObject({
      outcome: 'upstream_error',
      variables: { api_response_status: 503 },
      say: { failure: "I'm having trouble accessing the system right now." },
    });
  });

  it('004: generates a report while the caller waits', async () => {
    const { execution, sent } = await run(
      {
        key: 'generate_report_now',
        parameters: {
          type: 'object',
          properties: {
            account_id: { type: 'string' },
            report_type: { type: 'string', enum: ['summary', 'detailed', 'transactions'] },
          },
        },
        request: { method: 'POST', path: '/reports/generate', timeoutSeconds: 60 },
      },
      'bearer',
      { account_id: 'A-1', report_type: 'detailed' },
    );
    expect(sent.body).toBe('{"account_id":"A-1","report_type":"detailed"}');
    expect(execution).toMatchObject(succeeded({ status: 'ready' }));
  });

  it('004: refuses a background tool before its rules exist, and sends nothing', async () => {
    const key = await world.publish(
      {
        key: 'generate_report',
        name: 'Generate Report',
        parameters: {
          type: 'object',
          properties: {
            account_id: { type: 'string' },
            report_type: { type: 'string', enum: ['summary', 'detailed', 'transactions'] },
          },
        },
        request: { method: 'POST', path: '/reports/generate', timeoutSeconds: 60 },
        execution: { mode: 'async' },
      },
      'bearer',
    );
    expect(await world.execute(key, { account_id: 'A-1' })).toMatchObject({ status: 'refused' });
    expect(await test.received()).toEqual([]);
  });

  it('002: replaces by PUT with a header, a query pair and a variable in angle brackets', async () => {
    const { execution, sent, headers } = await run(
      {
        key: 'replace_preferences',
        parameters: {
          type: 'object',
          properties: {
            user_name: { type: 'string' },
            email_notifications: { type: 'boolean' },
            sms_notifications: { type: 'boolean' },
            preferred_contact_time: { type: 'string', enum: ['morning', 'afternoon', 'evening'] },
          },
          required: ['user_name', 'email_notifications', 'sms_notifications', 'preferred_contact_time'],
        },
        request: {
          method: 'PUT',
          path: '/customers/CUST-12345/preferences',
          angleBrackets: true,
          timeoutMs: 2500,
          headers: [
            { name: 'Content-Type', value: 'application/json' },
            { name: 'X-User', value: '<user_name>' },
          ],
          query: [{ name: 'by', value: '<user_name>' }],
        },
        response: { expose: 'mapped', variables: [{ name: 'time', path: 'preferred_contact_time' }] },
        messages: { speakNaturally: false, start: 'One moment while I check that for you.' },
      },
      'bearer',
      {
        user_name: 'ada',
        email_notifications: 'yes',
        sms_notifications: 'no',
        preferred_contact_time: 'Morning',
      },
    );
    expect(sent).toEqual({
      method: 'PUT',
      url: '/customers/CUST-12345/preferences?by=ada',
      body: '{"email_notifications":true,"sms_notifications":false,"preferred_contact_time":"morning"}',
    });
    expect(headers['x-user']).toBe('ada');
    expect(execution).toMatchObject({
      status: 'succeeded',
      variables: { time: 'morning' },
      say: { start: 'One moment while I check that for you.' },
    });
  });

  it.each(['requested', 'confirmed', 'verified'] as const)(
    '001: a tool of burden %s is described as such, and refused before its rules exist',
    async (burden) => {
      const key = await world.publish(
        {
          key: `burden_${burden}`,
          name: 'Sensitive',
          burden,
          parameters: strings('customer_id'),
          request: { method: 'GET', path: '/customers/{{customer_id}}' },
        },
        'bearer',
      );
      expect(await world.execute(key, { customer_id: 'CUST-12345' })).toMatchObject({ status: 'refused' });
      expect(await test.received()).toEqual([]);
    },
  );
});
