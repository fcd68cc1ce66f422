import { describe, expect, it } from '@jest/globals';
import { importTools } from './import-tools.js';
import type { ImportResult } from './imported.js';

type Imported = Extract<ImportResult, { ok: true }>;

function read(source: unknown, more: object = {}): Imported {
  const result = importTools({ format: 'auto', source, ...more });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.format).toBe('http_tool');
  return result;
}

const bearerFor = (token: string) => [{ type: 'bearer', token }];

/** As the product's documentation prints them, line breaks within strings and all. */
const printed = {
  getOrderStatus: `{
  "name": "Get Order Status",
  "description": "Retrieves order status, tracking info, and estimated delivery.
                 Use when caller asks about their order or delivery.",
  "methodType": "GET",
  "url": "https://api.yourstore.com/orders/:orderId",
  "authType": "jwtAuth",
  "authToken": "Bearer sk_live_123",
  "pathParameters": [
    {
      "name": "orderId",
      "defaultValue": "ORD-12345"
    }
  ],
  "parameters": {
    "type": "object",
    "properties": {
      "orderId": {
        "type": "string",
        "description": "Order ID (format: ORD-XXXXX)"
      }
    },
    "required": ["orderId"]
  }
}`,
  createSupportTicket: `{
  "name": "Create Support Ticket",
  "description": "Creates a new support ticket in helpdesk system.
                 Use when caller reports an issue that needs follow-up.",
  "methodType": "POST",
  "url": "https://api.yourdesk.com/v1/tickets",
  "authType": "jwtAuth",
  "authToken": "Bearer sk_live_xyz",
  "headers": [
    {
      "name": "Content-Type",
      "value": "application/json"
    }
  ],
  "parameters": {
    "type": "object",
    "properties": {
      "customer_email": {
        "type": "string",
        "format": "email",
        "description": "Customer's email address"
      },
      "subject": {
        "type": "string",
        "description": "Ticket subject/title"
      },
      "description": {
        "type": "string",
        "description": "Detailed issue description"
      },
      "priority": {
        "type": "string",
        "enum": ["low", "medium", "high", "urgent"],
        "default": "medium",
        "description": "Ticket priority level"
      }
    },
    "required": ["customer_email", "subject", "description"]
  }
}`,
  updateCustomerPreferences: `{
  "name": "Update Customer Preferences",
  "description": "Updates customer communication preferences and settings.",
  "methodType": "PATCH",
  "url": "https://api.yourcrm.com/customers/:customerId",
  "authType": "jwtAuth",
  "authToken": "Bearer sk_live_abc",
  "parameters": {
    "type": "object",
    "properties": {
      "customerId": {
        "type": "string",
        "description": "Customer ID"
      },
      "email_notifications": {
        "type": "boolean",
        "description": "Enable email notifications"
      },
      "sms_notifications": {
        "type": "boolean",
        "description": "Enable SMS notifications"
      },
      "preferred_contact_time": {
        "type": "string",
        "enum": ["morning", "afternoon", "evening"],
        "description": "Preferred time to be contacted"
      }
    },
    "required": ["customerId"]
  }
}`,
  cancelAppointment: `{
  "name": "Cancel Appointment",
  "description": "Cancels a scheduled appointment. Use only after confirming
                 the caller wants to cancel.",
  "methodType": "DELETE",
  "url": "https://api.scheduler.com/appointments/:appointmentId",
  "authType": "jwtAuth",
  "authToken": "Bearer sk_live_def",
  "parameters": {
    "type": "object",
    "properties": {
      "appointmentId": {
        "type": "string",
        "description": "Appointment ID to cancel"
      },
      "cancellation_reason": {
        "type": "string",
        "description": "Reason for cancellation"
      }
    },
    "required": ["appointmentId"]
  }
}`,
  generateReport: `{
  "name": "Generate Report",
  "description": "Generates detailed account report (may take 30-60 seconds).",
  "methodType": "POST",
  "url": "https://api.yourservice.com/reports/generate",
  "async": true,
  "timeoutSeconds": 60,
  "parameters": {
    "type": "object",
    "properties": {
      "account_id": {
        "type": "string"
      },
      "report_type": {
        "type": "string",
        "enum": ["summary", "detailed", "transactions"]
      }
    }
  }
}`,
};

describe('tools of the form {methodType, url, authType, parameters} as printed in their documentation', () => {
  it('keep path, parameters and schema, the token goes to the vault, and a default of the path stays unused', () => {
    const result = read(printed.getOrderStatus);

    expect(result.tools).toEqual([
      {
        where: '',
        definition: {
          key: 'get_order_status',
          name: 'Get Order Status',
          description:
            'Retrieves order status, tracking info, and estimated delivery. Use when caller asks about their order or delivery.',
          parameters: {
            type: 'object',
            properties: { orderId: { type: 'string', description: 'Order ID (format: ORD-XXXXX)' } },
            required: ['orderId'],
          },
          request: {
            method: 'GET',
            url: 'https://api.yourstore.com/orders/:orderId',
            pathParameters: [{ name: 'orderId', default: 'ORD-12345', useDefault: false }],
          },
        },
        problems: [],
      },
    ]);
    expect(result.credentials).toMatchObject([
      { type: 'bearer', origins: ['https://api.yourstore.com'], found: true },
    ]);
    expect([...result.secrets.values()]).toEqual(bearerFor('sk_live_123'));
    expect(result.dropped.map(({ where }) => where)).toEqual(['/pathParameters/0/defaultValue']);
  });

  it.each<[string, string, object, string]>([
    [
      'a POST whose parameters are the body',
      printed.createSupportTicket,
      {
        key: 'create_support_ticket',
        request: {
          method: 'POST',
          url: 'https://api.yourdesk.com/v1/tickets',
          headers: [{ name: 'Content-Type', value: 'application/json' }],
        },
      },
      'sk_live_xyz',
    ],
    [
      'a PATCH with a path parameter',
      printed.updateCustomerPreferences,
      {
        key: 'update_customer_preferences',
        request: { method: 'PATCH', url: 'https://api.yourcrm.com/customers/:customerId' },
      },
      'sk_live_abc',
    ],
    [
      'a DELETE',
      printed.cancelAppointment,
      {
        key: 'cancel_appointment',
        request: { method: 'DELETE', url: 'https://api.scheduler.com/appointments/:appointmentId' },
      },
      'sk_live_def',
    ],
  ])('%s', (_name, source, definition, token) => {
    const result = read(source);

    expect(result.tools).toMatchObject([{ definition, problems: [] }]);
    expect(
      Object.keys((result.tools[0]?.definition.parameters as { properties: object }).properties).length,
    ).toBeGreaterThan(1);
    expect([...result.secrets.values()]).toEqual(bearerFor(token));
    expect(result.dropped).toEqual([]);
  });

  it('run in the background when they are async, with their time in seconds', () => {
    expect(read(printed.generateReport).tools).toMatchObject([
      {
        definition: {
          key: 'generate_report',
          execution: { mode: 'async' },
          request: {
            method: 'POST',
            url: 'https://api.yourservice.com/reports/generate',
            timeoutSeconds: 60,
          },
        },
        problems: [],
      },
    ]);
  });

  it('are imported together when they stand in a list', () => {
    const result = read(`[${Object.values(printed).join(',')}]`);

    expect(result.tools.map(({ where, definition }) => [where, definition.key])).toEqual([
      ['/0', 'get_order_status'],
      ['/1', 'create_support_ticket'],
      ['/2', 'update_customer_preferences'],
      ['/3', 'cancel_appointment'],
      ['/4', 'generate_report'],
    ]);
    expect(result.tools.flatMap(({ problems }) => problems)).toEqual([]);
  });

  const tool = (more: object) => ({
    name: 'Get Order Details',
    description: 'Looks up an order of a customer.',
    methodType: 'GET',
    url: 'https://api.yourservice.com/customers/:customerId/orders/:orderId',
    ...more,
  });

  it('declare what their path names and no schema does', () => {
    const pathParameters = [
      { name: 'customerId', defaultValue: 'CUST-12345' },
      { name: 'orderId', value: '{ { order_number } }' },
    ];

    expect(read(tool({ pathParameters })).tools).toMatchObject([
      {
        definition: {
          parameters: {
            type: 'object',
            properties: { customerId: { type: 'string', examples: ['CUST-12345'] } },
            required: ['customerId'],
          },
          callVariables: ['order_number'],
          request: {
            pathParameters: [
              { name: 'customerId', default: 'CUST-12345', useDefault: false },
              { name: 'orderId', value: '{{order_number}}' },
            ],
          },
        },
        problems: [],
      },
    ]);
  });

  it('bind parameters that are given values, of the context and of earlier tools', () => {
    const parameters = {
      customer_id: '{ { account_number } }',
      call_timestamp: '{ { current_datetime } }',
      caller_phone: '{{user_number}}',
    };
    const result = read(tool({ methodType: 'POST', url: 'https://api.yourservice.com/issues', parameters }));

    expect(result.tools).toMatchObject([
      {
        definition: {
          bind: {
            customer_id: '{{account_number}}',
            call_timestamp: '{{current_datetime}}',
            caller_phone: '{{user_number}}',
          },
          callVariables: ['account_number'],
        },
        problems: [],
      },
    ]);
  });

  it.each<[string, object, object[], object[]]>([
    [
      'a key in a header',
      { authType: 'none', headers: [{ name: 'X-API-Key', value: 'sk_live_abc123xyz789' }] },
      [{ type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'sk_live_abc123xyz789' }],
      [],
    ],
    [
      'headers of its own: the one that is secret goes, the one that names the client stays',
      {
        authType: 'none',
        headers: [
          { name: 'X-Custom-Auth', value: 'custom_token_7788' },
          { name: 'X-Client-ID', value: 'client_123' },
        ],
      },
      [{ type: 'api_key', in: 'header', parameter: 'X-Custom-Auth', value: 'custom_token_7788' }],
      [{ name: 'X-Client-ID', value: 'client_123' }],
    ],
    ['a token to be filled in', { authType: 'jwtAuth', authToken: 'YOUR_API_KEY' }, [], []],
    [
      'a secret by its name',
      { authType: 'jwtAuth', authToken: 'Bearer { { CRM_API_KEY } }' },
      [],
      [{ name: 'Authorization', value: 'Bearer {{CRM_API_KEY}}' }],
    ],
    [
      'a secret by its name in a header of its own',
      { authType: 'none', headers: [{ name: 'X-API-Key', value: '{{CRM_API_KEY}}' }] },
      [],
      [{ name: 'X-API-Key', value: '{{CRM_API_KEY}}' }],
    ],
    ['none', { authType: 'none' }, [], []],
  ])('authenticate by %s', (_name, more, secrets, headers) => {
    const result = read(tool({ ...more, url: 'https://api.yourservice.com/x' }));

    expect([...result.secrets.values()]).toEqual(secrets);
    expect(result.tools[0]?.definition.request.headers ?? []).toEqual(headers);
    expect(result.tools[0]?.problems).toEqual([]);
  });

  it('list the secrets they name once, to be entered, and leave an argument of such a name alone', () => {
    const named = (url: string, more: object = {}) => ({
      ...{ name: 'x', description: 'Does something', methodType: 'GET', url },
      ...{ authType: 'jwtAuth', authToken: 'Bearer {{CRM_API_KEY}}', ...more },
    });
    const region = { type: 'object', properties: { REGION: { type: 'string' } }, required: ['REGION'] };
    const result = read([
      named('https://a.example.com/x'),
      named('https://b.example.com/y', {
        parameters: region,
        headers: [{ name: 'X-Region', value: '{{REGION}}' }],
      }),
    ]);

    const keys = result.tools.map(({ definition }) => definition.key);
    expect(result.credentials).toEqual([
      {
        ...{ name: 'CRM_API_KEY', type: 'secret', found: false, usedBy: keys },
        origins: ['https://a.example.com', 'https://b.example.com'],
      },
    ]);
    expect(result.tools.map(({ definition }) => definition.callVariables)).toEqual([undefined, undefined]);
    expect(result.dropped).toEqual([]);
  });

  it('have their messages, and fields nobody knows are named', () => {
    const result = read(
      tool({
        url: 'https://api.yourservice.com/x',
        messages: { requestStart: 'One moment', requestComplete: 'Done' },
        color: 'red',
      }),
    );

    expect(result.tools[0]?.definition.messages).toEqual({ start: 'One moment', complete: 'Done' });
    expect(result.dropped).toEqual([
      { where: '/color', what: 'the field `color`', why: 'it is none this format is known to have' },
    ]);
  });
});
