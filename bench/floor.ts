import { natsOptions, type NatsAccess } from '#devstack/nats-access';
import { connect } from '@nats-io/transport-node';
import { Pool } from 'undici';

// The least that relaying a call takes: NATS, one HTTP request, a mapping, NATS. No checks, no records, no traces.

const [access = '{}', origin = ''] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 128, pipelining: 1 });
const connection = await connect({ ...natsOptions(JSON.parse(access) as NatsAccess), noAsyncTraces: true });

interface Answer {
  readonly customer: { readonly name: string };
  readonly orders: readonly { readonly status: string }[];
}

connection.subscribe('bench.floor.execute', {
  callback: (_, message) => {
    const { id } = message.json<{ id: string }>();
    void pool
      .request({ method: 'GET', path: `/orders/${encodeURIComponent(id)}` })
      .then(({ body }) => body.json() as Promise<Answer>)
      .then(({ customer, orders }) =>
        message.respond(JSON.stringify({ name: customer.name, status: orders[0]?.status })),
      );
  },
});
connection.subscribe('bench.floor.usage', {
  callback: (_, message) => {
    const { user, system } = process.cpuUsage();
    message.respond(JSON.stringify({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() }));
  },
});
await connection.flush();
process.stdout.write('floor ready\n');
process.once('SIGTERM', () => process.exit(0));
