import type { Execution } from '#contracts/executor.contract';
import { connect, headers, nkeyAuthenticator } from '@nats-io/transport-node';
import { randomBytes, randomUUID } from 'node:crypto';

export interface DemoRun {
  readonly request: { readonly toolKey: string; readonly arguments: Record<string, unknown> };
  readonly execution: Execution;
  readonly traceId: string;
}

/** Where the bus is, and what it asks for. */
export interface NatsAccess {
  readonly natsUrl: string;
  readonly natsUser?: string;
  readonly natsPassword?: string;
  readonly natsSeed?: string;
  readonly natsInboxPrefix?: string;
}

/** As an orchestrator would: nothing of Patchbay, one plain NATS request, in a trace of the caller's. */
export async function runDemoTool(access: NatsAccess, orgId: string, caFile?: string): Promise<DemoRun> {
  const traceId = randomBytes(16).toString('hex');
  const carrier = headers();
  carrier.set('traceparent', `00-${traceId}-${randomBytes(8).toString('hex')}-01`);
  const request = { toolKey: 'get_order_status', arguments: { orderId: 'ORD-12345' } };
  const { natsUrl, natsUser, natsPassword, natsSeed, natsInboxPrefix } = access;
  const connection = await connect({
    servers: natsUrl.split(','),
    ...(natsUser && { user: natsUser, pass: natsPassword ?? '' }),
    ...(natsSeed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(natsSeed)) }),
    ...(natsInboxPrefix && { inboxPrefix: natsInboxPrefix }),
    ...(caFile && { tls: { caFile } }),
  });
  try {
    const reply = await connection.request(
      `patchbay.v1.${orgId}.tools.execute`,
      JSON.stringify({ ...request, callId: randomUUID(), deadlineMs: 5000 }),
      { timeout: 6000, headers: carrier },
    );
    return { request, execution: reply.json<Execution>(), traceId };
  } finally {
    await connection.close();
  }
}
