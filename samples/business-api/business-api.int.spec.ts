import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startBusinessApi, type BusinessApi } from './business-api.js';

let api: BusinessApi;
beforeAll(async () => {
  api = await startBusinessApi({ reportMs: 30 });
});
beforeEach(() => api.reset());
afterAll(() => api.close());

const bearer = () => ({ Authorization: `Bearer ${api.secrets.bearerToken}` });

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = bearer(),
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(api.url + path, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

describe('the sample business', () => {
  it('tells where an order is, by its id or by its bare number', async () => {
    const expected = {
      order_id: 'ORD-12345',
      status: 'shipped',
      tracking_number: '1Z999AA10123456784',
      estimated_delivery: '2024-01-18',
      items: expect.arrayContaining([expect.objectContaining({ product_id: 'PROD-12345' })]),
    };

    expect((await call('GET', '/orders/ORD-12345')).body).toMatchObject(expected);
    expect((await call('GET', '/orders/12345')).body).toMatchObject(expected);
  });

  it('shows a customer with their orders', async () => {
    const { body } = await call('GET', '/customers/CUST-12345');

    expect(body).toMatchObject({
      customer: {
        id: 'CUST-12345',
        name: 'John Smith',
        email: expect.any(String),
        tier: 'gold',
        balance: 1250.5,
      },
      orders: [{ id: 'ORD-11111', status: 'shipped', total: 99.99 }, { id: 'ORD-12345' }],
    });
    expect(JSON.stringify(body)).not.toContain('5678');
  });

  it.each([
    ['/customers/lookup', { phone_number: '+1 (555) 123-4567' }],
    ['/v1/customers/search', { phone: '5551234567' }],
  ])('finds a customer by phone number at %s', async (path, body) => {
    expect((await call('POST', path, body)).body).toMatchObject({
      customer_id: 'CUST-12345',
      customer_name: 'John Smith',
      tier: 'gold',
      last_order_date: '2024-01-12',
    });
  });

  it('changes only the preferences it is given', async () => {
    await call('PATCH', '/customers/CUST-12345', {
      sms_notifications: true,
      preferred_contact_time: 'evening',
    });

    const { body } = await call('GET', '/customers/CUST-12345');
    expect(body.customer).toMatchObject({
      preferences: { email_notifications: true, sms_notifications: true, preferred_contact_time: 'evening' },
    });
  });

  it('opens a ticket with medium priority unless told otherwise', async () => {
    const { status, headers, body } = await call('POST', '/v1/tickets', {
      customer_email: 'jane@example.com',
      subject: 'Late',
      description: 'The parcel is late.',
    });

    expect({ status, body }).toMatchObject({
      status: 201,
      body: { ticket_id: 'TKT-1001', priority: 'medium', status: 'open' },
    });
    expect((await call('GET', headers.get('location') ?? '')).body).toEqual(body);
  });

  it('takes nested tickets with a user name and a password', async () => {
    const { basicUser, basicPassword } = api.secrets;
    const basic = {
      Authorization: `Basic ${Buffer.from(`${basicUser}:${basicPassword}`).toString('base64')}`,
    };

    const { status, body } = await call(
      'POST',
      '/api/v2/tickets',
      { ticket: { subject: 'Call with John', description: 'Broken', priority: 'high' } },
      basic,
    );

    expect({ status, body }).toMatchObject({ status: 201, body: { ticket: { id: 1001, priority: 'high' } } });
  });

  it('books, moves and cancels an appointment, each slot once', async () => {
    const slots = `/slots/available?service_type=cleaning&start_date=2026-01-12&days_ahead=1&api_key=${api.secrets.queryKey}`;
    const { body: free } = await call('GET', slots, undefined, {});
    expect(free).toEqual({
      available_slots: [
        { slot_id: 'SLOT-20260112-1130', date: '2026-01-12', time: '11:30', service_type: 'cleaning' },
        { slot_id: 'SLOT-20260112-1500', date: '2026-01-12', time: '15:00', service_type: 'cleaning' },
      ],
    });

    const wish = { customer_phone: '5551234567', slot_id: 'SLOT-20260112-1130', service_type: 'cleaning' };
    const booked = await call('POST', '/appointments', wish);
    expect(booked).toMatchObject({
      status: 201,
      body: { appointment_id: 'APT-1001', confirmation_code: 'CONF-1001', date: '2026-01-12', time: '11:30' },
    });
    expect((await call('POST', '/appointments', wish)).status).toBe(409);

    const moved = await call('PATCH', '/appointments/APT-1001', { slot_id: 'SLOT-20260112-1500' });
    expect(moved.body).toMatchObject({ time: '15:00', status: 'booked' });

    const cancelled = await call('DELETE', '/appointments/APT-1001?cancellation_reason=ill');
    expect(cancelled.body).toMatchObject({ status: 'cancelled', cancellation_reason: 'ill' });
    expect((await call('DELETE', '/appointments/APT-1001')).body).toEqual(cancelled.body);
  });

  it('sells what is in stock and no more', async () => {
    const key = { 'X-API-Key': api.secrets.headerKey };
    const order = { customer_id: '12345', product_id: 'PROD-12345', quantity: 10 };

    expect((await call('POST', '/orders', order)).body).toMatchObject({
      order_id: 'ORD-1001',
      total_amount: 899.9,
    });

    expect((await call('GET', '/products/PROD-12345/availability', undefined, key)).body).toMatchObject({
      in_stock: true,
      available_quantity: 2,
    });
    expect((await call('POST', '/orders', order)).status).toBe(409);
    expect((await call('GET', '/products/PROD-67890/availability', undefined, key)).body).toMatchObject({
      in_stock: false,
      restock_date: '2026-02-02',
    });
  });

  it.each([
    ['the right PIN', '12345', '5678', { verified: true, customer_name: 'John Smith' }],
    ['a wrong PIN', '12345', '0000', { verified: false }],
    ['an unknown customer', '99999', '5678', { verified: false }],
  ])('answers a verification with %s', async (_, customer_id, phone_pin, expected) => {
    const api_key = api.secrets.bodyKey;

    const { status, body } = await call('POST', '/auth/verify', { customer_id, phone_pin, api_key }, {});

    expect({ status, body }).toEqual({ status: 200, body: expected });
  });

  it.each([
    [
      '/claims',
      { order_id: 'ORD-12345', claim_type: 'damaged', description: 'Broken' },
      { claim_id: 'CLM-1001' },
    ],
    [
      '/payments',
      { customer_id: 'CUST-12345', order_id: 'ORD-12345', amount: 128.99 },
      { payment_status: 'captured' },
    ],
    ['/send', { to: '+15551234567', message: 'See you.' }, { message_id: 'MSG-1001', status: 'queued' }],
    ['/reports/generate', { account_id: 'ACC-1' }, { report_id: 'RPT-1001', report_type: 'summary' }],
  ])('serves POST %s', async (path, body, expected) => {
    expect((await call('POST', path, body)).body).toMatchObject(expected);
  });

  it('gives the same numbers again after a reset', async () => {
    const message = { to: '+15551234567', message: 'See you.' };
    await call('POST', '/send', message);

    await fetch(`${api.url}/_control/reset`, { method: 'POST' });

    expect((await call('POST', '/send', message)).body).toMatchObject({ message_id: 'MSG-1001' });
  });
});

describe('a request the sample cannot serve', () => {
  it.each([
    ['404 for an unknown order', 'GET', '/orders/ORD-0', undefined, 404],
    ['404 for an order of somebody else', 'GET', '/customers/CUST-98765/orders/ORD-12345', undefined, 404],
    ['404 for an unknown address', 'GET', '/nowhere', undefined, 404],
    ['405 for the wrong method', 'DELETE', '/orders/ORD-12345', undefined, 405],
    ['400 for a badly encoded address', 'GET', '/orders/%E0%A4%A', undefined, 400],
    ['422 for a body that is no object', 'POST', '/orders', [1], 422],
    [
      '422 for a customer it does not know',
      'POST',
      '/orders',
      { customer_id: 'x', product_id: 'PROD-12345', quantity: 1 },
      422,
    ],
    [
      '422 for a made-up slot',
      'POST',
      '/appointments',
      { customer_phone: '5551234567', slot_id: 'x', service_type: 'x' },
      422,
    ],
  ])('gets %s', async (_, method, path, body, status) => {
    const answer = await call(method, path, body);

    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, detail: expect.any(String) });
  });

  it('learns every bad field at once', async () => {
    const { body } = await call('POST', '/v1/tickets', { customer_email: 'nobody', priority: 'huge' });

    expect(body.errors).toEqual([
      { pointer: '/customer_email', detail: 'must be an e-mail address' },
      { pointer: '/subject', detail: 'must be a text of 1 to 200 characters' },
      { pointer: '/description', detail: 'must be a text of 1 to 10000 characters' },
      { pointer: '/priority', detail: 'must be one of low, medium, high, urgent' },
    ]);
  });

  it.each([
    ['broken JSON', 'application/json', '{"a":', 400],
    ['XML', 'text/xml', '<a/>', 415],
    ['more than a mebibyte', 'application/json', 'x'.repeat(1_048_577), 413],
  ])('is refused with %s', async (_, type, body, status) => {
    const headers = { ...bearer(), 'Content-Type': type };

    expect((await fetch(`${api.url}/orders`, { method: 'POST', headers, body })).status).toBe(status);
  });

  it('may be a form, whose values are all text', async () => {
    const body = new URLSearchParams({ customer_id: '12345', product_id: 'PROD-11111', quantity: '3' });

    const response = await fetch(`${api.url}/orders`, { method: 'POST', headers: bearer(), body });

    expect(await response.json()).toMatchObject({ total_amount: 58.5 });
  });
});

describe('an Idempotency-Key', () => {
  const message = { to: '+15551234567', message: 'See you.' };
  const withKey = (key: string) => ({ ...bearer(), 'Idempotency-Key': key });

  it('makes the second request get the first answer and change nothing', async () => {
    const first = await call('POST', '/send', message, withKey('a'));

    const second = await call('POST', '/send', message, withKey('a'));

    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await call('POST', '/send', message, withKey('b'))).body).toMatchObject({
      message_id: 'MSG-1002',
    });
  });

  it('is refused with another body', async () => {
    await call('POST', '/send', message, withKey('a'));

    expect((await call('POST', '/send', { ...message, to: '+15550000000' }, withKey('a'))).status).toBe(422);
  });

  it('tells a twin that the first still runs', async () => {
    const first = call('POST', '/reports/generate', { account_id: '1' }, withKey('a'));
    const twin = await call('POST', '/reports/generate', { account_id: '1' }, withKey('a'));

    expect(twin.status).toBe(409);
    expect((await first).status).toBe(200);
  });
});
