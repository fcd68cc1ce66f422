import { describe, expect, it } from '@jest/globals';
import { importTools } from './import-tools.js';
import type { ImportFormat, ImportResult } from './imported.js';

type Imported = Extract<ImportResult, { ok: true }>;

function read(format: ImportFormat, source: unknown): Imported {
  const result = importTools({ format: 'auto', source });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.format).toBe(format);
  return result;
}

/** The definition of the only tool, which has nothing wrong with it. */
function definitionOf(result: Imported) {
  expect(result.tools.map(({ problems }) => problems)).toEqual([[]]);
  return result.tools[0]?.definition;
}

describe('actions of the form {method, url, auth, variables}', () => {
  const lookup = {
    name: 'Lookup Order Status',
    description: 'Use when a customer asks where their order is.',
    method: 'GET',
    url: 'api.company.com/orders/{{order_number}}',
    auth: { type: 'bearer', token: 'tok-0123456789' },
    queryParameters: [{ key: 'include', value: 'orders' }],
    variables: [
      {
        name: 'order_number',
        type: 'string',
        description: "Customer's order number",
        example: 'ORD-12345',
        required: true,
        defaultValue: '',
      },
    ],
  };

  it('keep their variables, and get the scheme their product puts in front', () => {
    const result = read('api_action', lookup);

    expect(definitionOf(result)).toEqual({
      key: 'lookup_order_status',
      name: 'Lookup Order Status',
      description: 'Use when a customer asks where their order is.',
      variables: [
        {
          name: 'order_number',
          type: 'string',
          description: "Customer's order number",
          example: 'ORD-12345',
          required: true,
        },
      ],
      request: {
        method: 'GET',
        url: 'https://api.company.com/orders/{{order_number}}',
        query: [{ name: 'include', value: 'orders' }],
      },
    });
    expect([...result.secrets.values()]).toEqual([{ type: 'bearer', token: 'tok-0123456789' }]);
    expect(result.dropped).toEqual([]);
  });

  it('keep a nested body of contact and variables, with basic authentication', () => {
    const result = read('api_action', {
      name: 'Create Ticket',
      description: 'When a customer has an issue I cannot resolve.',
      method: 'POST',
      url: 'https://company.zendesk.com/api/v2/tickets',
      auth: { type: 'basic', username: 'agent@company.com/token', password: 'zd-token-123' },
      headers: [{ key: 'Content-Type', value: 'application/json' }],
      variables: [
        { name: 'issue_description', type: 'string', required: true },
        { name: 'priority_level', type: 'string', required: true },
      ],
      body: `{
  "ticket": {
    "subject": "Call with {{contact.first_name}}",
    "description": "{{issue_description}}",
    "priority": "{{priority_level}}"
  }
}`,
    });

    expect(definitionOf(result)?.request).toEqual({
      method: 'POST',
      url: 'https://company.zendesk.com/api/v2/tickets',
      body: {
        type: 'json',
        template: {
          ticket: {
            subject: 'Call with {{contact.first_name}}',
            description: '{{issue_description}}',
            priority: '{{priority_level}}',
          },
        },
      },
    });
    expect([...result.secrets.values()]).toEqual([
      { type: 'basic', username: 'agent@company.com/token', password: 'zd-token-123' },
    ]);
  });

  it.each<[string, object, object[]]>([
    [
      'a header',
      { type: 'header', headerName: 'X-API-Key', headerValue: 'inventory-key-1' },
      [{ type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'inventory-key-1' }],
    ],
    [
      'the body',
      { type: 'body', parameterName: 'api_key', parameterValue: 'body-key-1234' },
      [{ type: 'api_key', in: 'body', parameter: 'api_key', value: 'body-key-1234' }],
    ],
    ['nothing', { type: 'none' }, []],
    ['a value masked with bullets', { type: 'header', headerName: 'X-API-Key', headerValue: '••••••••' }, []],
  ])('authenticate by %s', (_name, auth, secrets) => {
    const result = read('api_action', {
      ...lookup,
      method: 'POST',
      auth,
      body: { sku: '{{order_number}}', at: '{{current_datetime}}' },
    });

    expect([...result.secrets.values()]).toEqual(secrets);
    expect(definitionOf(result)?.request.body).toEqual({
      type: 'json',
      template: { sku: '{{order_number}}', at: '{{current_datetime}}' },
    });
  });

  it('have every type of variable', () => {
    const types = ['string', 'integer', 'float', 'boolean', 'date', 'email', 'phone'];
    const variables = types.map((type) => ({ name: `a_${type}`, type, required: false }));
    const result = read('api_action', { ...lookup, url: 'https://api.company.com/x', variables });

    expect(definitionOf(result)?.variables?.map(({ type }) => type)).toEqual(types);
  });
});

describe('actions of the form {endpointMethod, endpointUrl, authorization, messages}', () => {
  it('have `<name>` as a placeholder, milliseconds, messages and the fields of the answer', () => {
    const result = read('http_action', {
      name: 'Check Order Status',
      description: 'Fetches the status of an order from the CRM.',
      endpointMethod: 'POST',
      endpointUrl: 'https://api.yourcrm.com/v1/leads/<lead_id>',
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      timeout: 3000,
      authorizationNeeded: true,
      authorization: { type: 'api_key', in: 'query', name: 'api_key', value: 'crm-key-123456' },
      queryParameters: [{ key: 'who', value: '<user_name>' }],
      variables: [{ name: 'user_name', defaultValue: 'there' }, { name: 'lead_id' }],
      body: '{"case": "<case_number>", "by": "<user_name>", "n": <count>}',
      messages: {
        speakNaturally: true,
        startMessage: 'Let me see, <user_name>.',
        delayMessage: 'One moment while I check that for you...',
        delayThreshold: 1500,
        failureMessage: 'I cannot reach our records.',
      },
      actionResults: ['status', 'lead.owner.name', '$.orders[0].id'],
    });

    expect(definitionOf(result)).toEqual({
      key: 'check_order_status',
      name: 'Check Order Status',
      description: 'Fetches the status of an order from the CRM.',
      parameters: {
        type: 'object',
        properties: {
          user_name: { type: 'string', default: 'there' },
          lead_id: { type: 'string' },
          case_number: { type: 'string' },
          count: { type: 'string' },
        },
        required: ['lead_id', 'case_number', 'count'],
      },
      messages: {
        speakNaturally: true,
        start: 'Let me see, {{user_name}}.',
        delays: [{ afterMs: 1500, text: 'One moment while I check that for you...' }],
        failure: 'I cannot reach our records.',
      },
      response: {
        variables: [
          { name: 'status', path: 'status' },
          { name: 'lead_owner_name', path: 'lead.owner.name' },
          { name: 'orders_0_id', path: 'orders[0].id' },
        ],
      },
      request: {
        method: 'POST',
        url: 'https://api.yourcrm.com/v1/leads/{{lead_id}}',
        timeoutMs: 3000,
        query: [{ name: 'who', value: '{{user_name}}' }],
        body: {
          type: 'json',
          template: { case: '{{case_number}}', by: '{{user_name}}', n: '{{count}}' },
        },
      },
    });
    expect([...result.secrets.values()]).toEqual([
      { type: 'api_key', in: 'query', parameter: 'api_key', value: 'crm-key-123456' },
    ]);
    expect(result.dropped).toEqual([]);
  });

  it('need no credential where authorization is switched off', () => {
    const result = read('http_action', {
      name: 'Ping',
      description: 'Says whether the CRM is there.',
      endpointMethod: 'GET',
      endpointUrl: 'https://api.yourcrm.com/ping',
      authorizationNeeded: false,
      authorization: { type: 'api_key', name: 'k', value: 'left-over-key' },
    });

    expect(result.credentials).toEqual([]);
    expect(JSON.stringify(result)).not.toContain('left-over-key');
  });
});

describe('integrations of the form {urlTemplate, parameters, authentication, responseMapping, contextBurden}', () => {
  it('have a burden, parameters by place and a mapping of the answer', () => {
    const result = read('custom_integration', {
      key: 'look_up_appointment',
      name: 'Look up appointment',
      description: 'Finds the next appointment of a patient.',
      method: 'GET',
      urlTemplate: 'https://pms.example.com/patients/{patient_id}/appointments?phone={phone}&limit=1',
      parameters: [
        { name: 'patient_id', type: 'string', description: 'Number of the patient', required: true },
        { name: 'phone', type: 'phone' },
        { name: 'clinic', type: 'string', in: 'header', required: true },
      ],
      authentication: { type: 'API Key', in: 'header', name: 'X-API-Key', value: 'pms-key-000111' },
      responseMapping: { next: '$.appointments[0].starts', doctor: 'appointments[0].doctor.name' },
      contextBurden: 'Verified',
    });

    expect(definitionOf(result)).toEqual({
      key: 'look_up_appointment',
      name: 'Look up appointment',
      description: 'Finds the next appointment of a patient.',
      burden: 'verified',
      parameters: {
        type: 'object',
        properties: {
          patient_id: { type: 'string', description: 'Number of the patient' },
          phone: { type: 'string', format: 'phone' },
          clinic: { type: 'string' },
        },
        required: ['patient_id', 'clinic'],
      },
      response: {
        variables: [
          { name: 'next', path: 'appointments[0].starts' },
          { name: 'doctor', path: 'appointments[0].doctor.name' },
        ],
      },
      request: {
        method: 'GET',
        url: 'https://pms.example.com/patients/{patient_id}/appointments?phone={{phone}}&limit=1',
        headers: [{ name: 'clinic', value: '{{clinic}}' }],
      },
    });
    expect([...result.secrets.values()]).toEqual([
      { type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'pms-key-000111' },
    ]);
    expect(result.dropped).toEqual([]);
  });

  it.each<[string, object, object]>([
    ['a bearer token', { type: 'Bearer Token', token: 'tok-pms-12345' }, { type: 'bearer', found: true }],
    ['OAuth, which somebody has to set up', { type: 'OAuth' }, { type: 'oauth2', found: false }],
  ])('authenticate by %s', (_name, authentication, slot) => {
    const result = read('custom_integration', {
      name: 'Create lead',
      description: 'Creates a lead in the CRM.',
      method: 'POST',
      urlTemplate: 'https://crm.example.com/leads',
      parameters: [{ name: 'name', type: 'string', required: true }],
      authentication,
      burden: 'ambient',
    });

    expect(result.credentials).toMatchObject([{ ...slot, usedBy: ['create_lead'] }]);
    expect(definitionOf(result)?.burden).toBe('ambient');
  });
});

describe('Patchbay’s own definitions', () => {
  const definition = {
    key: 'get_order',
    name: 'Get order',
    description: 'Looks up an order by its number.',
    burden: 'conversational',
    parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    request: { method: 'GET', url: 'https://api.example.com/orders/{{id}}' },
  };

  it.each<[string, unknown]>([
    ['one', definition],
    ['a list', [definition]],
    ['what the list of tools answers', { items: [{ key: 'get_order', status: 'active', definition }] }],
  ])('come back as they were: %s', (_name, source) => {
    expect(definitionOf(read('patchbay', source))).toEqual(definition);
  });

  it('lose the secrets somebody wrote into them to the vault', () => {
    const headers = [
      { name: 'X-API-Key', value: 'inline-key-1234' },
      { name: 'X-Trace', value: '{{id}}' },
    ];
    const result = read('patchbay', { ...definition, request: { ...definition.request, headers } });

    expect(definitionOf(result)?.request.headers).toEqual([{ name: 'X-Trace', value: '{{id}}' }]);
    expect([...result.secrets.values()]).toEqual([
      { type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'inline-key-1234' },
    ]);
  });

  it('keep the credential they name, and the order of their fields; a secret beside it is gone', () => {
    const request = {
      timeoutMs: 1500,
      headers: [{ name: 'X-API-Key', value: 'inline-key-1234' }],
      credentialId: '0199b0c1-0000-7000-8000-000000000001',
      ...definition.request,
    };
    const result = read('patchbay', { tools: [{ ...definition, request }] });

    expect(JSON.stringify(definitionOf(result)?.request)).toBe(
      JSON.stringify({ ...request, headers: undefined }),
    );
    expect(result.credentials).toEqual([]);
    expect(result.dropped.map(({ what }) => what)).toEqual(['the secret in the header `X-API-Key`']);
    expect(JSON.stringify(result)).not.toContain('inline-key-1234');
  });

  it('keep the names of their secrets, which have to be there', () => {
    const request = {
      ...definition.request,
      headers: [{ name: 'Authorization', value: 'Bearer {{CRM_API_KEY}}' }],
      query: [{ name: 'api_key', value: '{{CRM_API_KEY}}' }],
    };
    const result = read('patchbay', { ...definition, request });

    expect(definitionOf(result)?.request).toEqual(request);
    expect(result.credentials).toEqual([
      {
        ...{ name: 'CRM_API_KEY', type: 'secret', found: false },
        ...{ origins: ['https://api.example.com'], usedBy: ['get_order'] },
      },
    ]);
  });

  it('get another key where theirs is taken, which is said', () => {
    const result = read('patchbay', [definition, definition]);

    expect(result.tools.map((tool) => tool.definition.key)).toEqual(['get_order', 'get_order_2']);
    expect(result.dropped).toEqual([
      { where: '/1', what: 'the key `get_order`', why: 'it is taken: `get_order_2` is used' },
    ]);
  });

  it('are refused with a pointer to each thing that is not of their form, and no value', () => {
    const result = importTools({
      format: 'patchbay',
      source: [definition, { ...definition, colour: 'hunter2', request: { method: 'BREW', url: 7 } }],
    });

    expect(result).toMatchObject({ ok: false });
    expect(!result.ok && result.problems.map(({ pointer, code }) => [pointer, code])).toEqual(
      expect.arrayContaining([
        ['/source/1/colour', 'unknown_field'],
        ['/source/1/request/method', 'not_allowed'],
        ['/source/1/request/url', 'wrong_type'],
      ]),
    );
    expect(JSON.stringify(result)).not.toMatch(/hunter2|BREW/);
  });
});
