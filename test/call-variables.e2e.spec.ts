import type { CallState } from '#contracts/call.contract';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { demoSecrets } from '../samples/business-api/auth.js';
import { demoCredentials } from '../scripts/demo-tools.js';

/** Of the sample API: a customer, an order of theirs, and one of somebody else's. */
const PHONE = '+15551234567';
const CUSTOMER = 'CUST-12345';
const OWN = 'ORD-11111';
const OTHER = 'ORD-67890';

/** Tools of a call that build on each other, defined by REST and executed on the bus as an orchestrator may use it. */
describe('the tools of a call', () => {
  let test: TestPlatform;
  let credentialId: string;
  const callId = randomUUID();

  beforeAll(async () => {
    test = await TestPlatform.start();
    const credentials = demoCredentials(test.platform.sampleUrl, demoSecrets);
    credentialId = await test.addCredential(credentials.bearer);
    await test.publish({
      key: 'find_customer',
      name: 'Find customer',
      description: 'Looks up the caller by the number of the phone.',
      parameters: {
        type: 'object',
        properties: { phone_number: { type: 'string' } },
        required: ['phone_number'],
      },
      request: {
        method: 'POST',
        url: `${test.platform.sampleUrl}/customers/lookup`,
        body: { type: 'json', template: { phone_number: '{{phone_number}}' } },
        credentialId,
      },
      execution: { writes: false },
    });
    await test.publish({
      key: 'order_details',
      name: 'Order details',
      description: 'Tells about one of the orders of the caller.',
      parameters: { type: 'object', properties: { order_id: { type: 'string' } }, required: ['order_id'] },
      callVariables: ['customer'],
      allowedValuesFrom: { order_id: 'orders[*].id' },
      request: {
        method: 'GET',
        url: `${test.platform.sampleUrl}/customers/{{customer.id}}/orders/{{order_id}}`,
        credentialId,
      },
    });
  }, 60_000);
  afterAll(() => test.stop(), 30_000);

  const askForOrder = (orderId: string) =>
    test.execute({ toolKey: 'order_details', callId, arguments: { order_id: orderId } });
  async function ask(verb: 'get' | 'update' | 'end', request: object): Promise<CallState> {
    const subject = `patchbay.v1.${test.orgId}.calls.${verb}`;
    return (await test.nats.request(subject, JSON.stringify(request), { timeout: 5000 })).json();
  }

  it('use what an earlier one returned, and nobody else’s', async () => {
    await test.resetSample();
    expect(await askForOrder('ORD-12345')).toMatchObject({
      status: 'refused',
      error: { code: 'call_variable_missing' },
    });

    const customer = await test.execute({
      toolKey: 'find_customer',
      callId,
      arguments: { phone_number: PHONE },
    });
    expect(customer).toMatchObject({ status: 'succeeded', variables: { customer: { id: CUSTOMER } } });

    expect(await askForOrder(OWN)).toMatchObject({ status: 'succeeded', http: { status: 200 } });
    expect(await askForOrder(OTHER)).toMatchObject({
      status: 'refused',
      error: { code: 'argument_not_allowed' },
    });
    expect((await test.received()).map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /customers/lookup',
      `GET /customers/${CUSTOMER}/orders/${OWN}`,
    ]);
  });

  it('leave what they return where the orchestrator can read, change and end it', async () => {
    expect(await ask('get', { callId })).toMatchObject({
      variables: { customer: { id: CUSTOMER }, orders: expect.any(Array) },
    });
    expect((await ask('update', { callId, variables: { orders: null } })).variables).not.toHaveProperty(
      'orders',
    );
    expect(await askForOrder(OWN)).toMatchObject({ error: { code: 'call_variable_missing' } });
    expect(await ask('end', { callId })).toEqual({ done: true });
    expect((await ask('get', { callId })).variables).toEqual({});
  });

  it('cannot be saved with a name nobody declares, and are told how to declare it', async () => {
    const { status, body } = await test.rest('POST', '/v1/tools', {
      key: 'undeclared',
      name: 'Undeclared',
      description: 'Names what it does not declare.',
      request: { method: 'GET', url: `${test.platform.sampleUrl}/customers/{{customer.id}}` },
    });

    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('add \\"customer\\" to `callVariables`');
  });
});
