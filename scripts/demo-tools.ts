import type { ToolDefinitionInput } from '#toolcall/tool-definition';
import type { CredentialInput } from '#contracts/vault.contract';
import type { Secrets } from '../samples/business-api/auth.js';

type DemoCredential = 'bearer' | 'basic' | 'headerKey' | 'queryKey' | 'bodyKey';

export interface DemoTool {
  readonly credential?: DemoCredential;
  readonly definition: ToolDefinitionInput;
}

/** What the sample API asks for, entered for its origin. */
export function demoCredentials(origin: string, secrets: Secrets): Record<DemoCredential, CredentialInput> {
  const origins = [origin];
  return {
    bearer: { type: 'bearer', name: 'Shop API token', origins, token: secrets.bearerToken },
    basic: {
      type: 'basic',
      name: 'Help desk login',
      origins,
      username: secrets.basicUser,
      password: secrets.basicPassword,
    },
    headerKey: {
      type: 'api_key',
      name: 'Inventory key',
      origins,
      in: 'header',
      parameter: 'X-API-Key',
      value: secrets.headerKey,
    },
    queryKey: {
      type: 'api_key',
      name: 'Scheduler key',
      origins,
      in: 'query',
      parameter: 'api_key',
      value: secrets.queryKey,
    },
    bodyKey: {
      type: 'api_key',
      name: 'Identity key',
      origins,
      in: 'body',
      parameter: 'api_key',
      value: secrets.bodyKey,
    },
  };
}

/** A handful of tools, one per way of saying things. */
export function demoTools(origin: string): DemoTool[] {
  return [
    {
      credential: 'bearer',
      definition: {
        key: 'get_order_status',
        name: 'Get order status',
        description:
          'Retrieves order status, tracking info and estimated delivery. Use when the caller asks about an order.',
        parameters: {
          type: 'object',
          properties: {
            orderId: { type: 'string', description: 'Order ID (format: ORD-XXXXX)', examples: ['ORD-12345'] },
          },
          required: ['orderId'],
        },
        request: { method: 'GET', url: `${origin}/orders/:orderId`, timeoutMs: 5000 },
        response: {
          outcomes: [{ when: '404', outcome: 'not_found', say: 'I cannot find an order with that number.' }],
        },
        messages: {
          start: 'Let me look that up for you.',
          complete: 'Your order {{order_id}} is {{status}} and should arrive by {{estimated_delivery}}.',
          failure: 'I am having trouble reaching the order system right now.',
        },
      },
    },
    {
      credential: 'basic',
      definition: {
        key: 'create_ticket',
        name: 'Create ticket',
        description: 'Opens a support ticket. Use when the caller has an issue you cannot resolve yourself.',
        variables: [
          {
            name: 'issue_description',
            type: 'string',
            required: true,
            description: 'What went wrong, in detail',
          },
          {
            name: 'priority_level',
            type: 'string',
            default: 'normal',
            description: 'normal, high or urgent',
          },
        ],
        request: {
          method: 'POST',
          url: `${origin}/api/v2/tickets`,
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
        },
        messages: { complete: 'I have opened ticket number {{ticket.id}} for you.' },
      },
    },
    {
      credential: 'headerKey',
      definition: {
        key: 'check_inventory',
        name: 'Check inventory',
        description: 'Tells whether a product is in stock. Use when the caller asks about availability.',
        variables: [
          { name: 'sku', type: 'string', required: true, example: 'PROD-12345', description: 'Product SKU' },
        ],
        request: { method: 'GET', url: `${origin}/products/{{sku}}/availability` },
      },
    },
    {
      credential: 'bearer',
      definition: {
        key: 'lookup_customer',
        name: 'Lookup customer by phone',
        description: 'Retrieves customer account information by phone number: name, tier and recent orders.',
        parameters: {
          type: 'object',
          properties: { phone_number: { type: 'string', format: 'phone', description: 'In E.164 format' } },
          required: ['phone_number'],
        },
        request: { method: 'POST', url: `${origin}/customers/lookup` },
        execution: { writes: false },
      },
    },
    {
      credential: 'queryKey',
      definition: {
        key: 'find_slots',
        name: 'Find free slots',
        description: 'Lists free appointment slots for a service. Use before booking an appointment.',
        parameters: {
          type: 'object',
          properties: {
            service_type: { type: 'string', description: 'Kind of appointment' },
            days_ahead: { type: 'integer', minimum: 1, maximum: 60, default: 14 },
          },
          required: ['service_type'],
        },
        request: {
          method: 'GET',
          url: `${origin}/slots/available`,
          query: [{ name: 'start_date', value: '{{current_date}}' }],
        },
      },
    },
    {
      credential: 'bodyKey',
      definition: {
        key: 'verify_customer',
        name: 'Verify customer',
        description: 'Checks a customer number and phone PIN. Use before giving out personal information.',
        variables: [
          { name: 'customer_id', type: 'string', required: true, description: 'Customer number' },
          { name: 'phone_pin', type: 'string', required: true, description: 'Phone PIN' },
        ],
        request: { method: 'POST', url: `${origin}/auth/verify` },
        execution: { writes: false },
      },
    },
  ];
}
