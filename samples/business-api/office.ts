import { setTimeout as sleep } from 'node:timers/promises';
import type { BusinessData } from './business-data.js';
import { checkBody, email, oneOf, optional, phone, text, withDefault } from './check-body.js';
import type { Route } from './router.js';

/** The business's smaller errands: identity checks, leads, text messages, reports, opening hours. */
export function officeRoutes(data: BusinessData, options: { reportMs: number }): Route[] {
  return [
    {
      // A wrong PIN and an unknown customer look alike.
      method: 'POST',
      path: '/auth/verify',
      auth: 'body_key',
      handle: ({ body }) => {
        const { customer_id, phone_pin } = checkBody(body, { customer_id: text(), phone_pin: text(20) });
        const customer = data.customer(customer_id);
        const verified = customer?.phone_pin === phone_pin;
        return { status: 200, body: verified ? { verified, customer_name: customer.name } : { verified } };
      },
    },
    {
      method: 'POST',
      path: '/v1/leads',
      auth: 'header_key',
      handle: ({ body }) => {
        const lead = checkBody(body, {
          name: text(200),
          phone,
          email: optional(email),
          notes: optional(text()),
        });
        return { status: 201, body: { lead_id: data.nextId('LEAD'), status: 'new', ...lead } };
      },
    },
    {
      method: 'POST',
      path: '/send',
      auth: 'bearer',
      handle: ({ body }) => {
        const message = checkBody(body, { to: phone, message: text(1600) });
        return { status: 202, body: { message_id: data.nextId('MSG'), status: 'queued', to: message.to } };
      },
    },
    {
      method: 'POST',
      path: '/reports/generate',
      auth: 'bearer',
      handle: async ({ body, signal }) => {
        const wish = checkBody(body, {
          account_id: text(),
          report_type: withDefault(oneOf('summary', 'detailed', 'transactions'), 'summary'),
        });
        await sleep(options.reportMs, undefined, { signal });
        const report_id = data.nextId('RPT');
        return {
          status: 200,
          body: {
            report_id,
            status: 'ready',
            ...wish,
            download_url: `https://reports.example.com/${report_id}`,
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/hours',
      auth: 'none',
      handle: () => ({
        status: 200,
        body: { timezone: 'UTC', weekdays: { opens: '09:00', closes: '17:00' }, weekends: 'closed' },
      }),
    },
    { method: 'GET', path: '/health', auth: 'none', handle: () => ({ status: 200, body: { status: 'ok' } }) },
  ];
}
