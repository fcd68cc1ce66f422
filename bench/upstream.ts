import { createServer } from 'node:http';

// The API that every row calls: answers at once, always the same. A process of its own, so that its work is nobody else's.

const body = Buffer.from(
  JSON.stringify({
    customer: { id: 'CUST-12345', name: 'John Smith', tier: 'gold', balance: 1250.5 },
    orders: [{ id: 'ORD-11111', status: 'shipped', total: 99.99 }],
  }),
);
const headers = { 'content-type': 'application/json', 'content-length': body.length };

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address() as { port: number };
  process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
