import { notFound, type Answer } from './answer.js';
import type { BusinessData, Paper } from './business-data.js';
import { checkBody, email, object, oneOf, text, withDefault } from './check-body.js';
import type { Route, RouteCall } from './router.js';

/** Two helpdesks: a plain one under /v1, and one like Zendesk, whose bodies are nested, under /api/v2. */
export function ticketRoutes(data: BusinessData): Route[] {
  const read = (tickets: ReadonlyMap<string, Paper>, call: RouteCall): Paper => {
    const id = call.param('ticketId');
    const ticket = tickets.get(id);
    if (!ticket) throw notFound('ticket', id);
    return ticket;
  };
  return [
    {
      method: 'POST',
      path: '/v1/tickets',
      auth: 'bearer',
      handle: ({ body }) => {
        const wish = checkBody(body, {
          customer_email: email,
          subject: text(200),
          description: text(10_000),
          priority: withDefault(oneOf('low', 'medium', 'high', 'urgent'), 'medium'),
        });
        const ticket = { ticket_id: data.nextId('TKT'), status: 'open', ...wish };
        data.tickets.set(ticket.ticket_id, ticket);
        return created(`/v1/tickets/${ticket.ticket_id}`, ticket);
      },
    },
    {
      method: 'GET',
      path: '/v1/tickets/:ticketId',
      auth: 'bearer',
      handle: (call) => ({ status: 200, body: read(data.tickets, call) }),
    },
    {
      method: 'POST',
      path: '/api/v2/tickets',
      auth: 'basic',
      handle: ({ body }) => {
        const wish = checkBody(
          checkBody(body, { ticket: object }).ticket,
          {
            subject: text(200),
            description: text(10_000),
            priority: withDefault(oneOf('low', 'normal', 'high', 'urgent'), 'normal'),
          },
          '/ticket',
        );
        const ticket = { id: data.nextNumber('helpdesk ticket'), status: 'new', ...wish };
        data.helpdeskTickets.set(String(ticket.id), ticket);
        return created(`/api/v2/tickets/${ticket.id}`, { ticket });
      },
    },
    {
      method: 'GET',
      path: '/api/v2/tickets/:ticketId',
      auth: 'basic',
      handle: (call) => ({ status: 200, body: { ticket: read(data.helpdeskTickets, call) } }),
    },
  ];
}

function created(location: string, body: unknown): Answer {
  return { status: 201, headers: { Location: location }, body };
}
