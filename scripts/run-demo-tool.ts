import type { Execution } from '#contracts/executor.contract';
import { natsOptions, type NatsAccess } from '#devstack/nats-access';
import { connect, headers } from '@nats-io/transport-node';
import { randomBytes, randomUUID } from 'node:crypto';

export interface DemoRun {
  readonly request: { readonly toolKey: string; readonly arguments: Record<string, unknown> };
  readonly execution: Execution;
  readonly traceId: string;
}

/** As an orchestrator would: nothing of Patchbay, one plain NATS request, in a trace of the caller's. */
export async function runDemoTool(access: NatsAccess, orgId: string): Promise<DemoRun> {
  const traceId = randomBytes(16).toString('hex');
  const carrier = headers();
  carrier.set('traceparent', `00-${traceId}-${randomBytes(8).toString('hex')}-01`);
  const request = { toolKey: 'get_order_status', arguments: { orderId: 'ORD-12345' } };
  const connection = await connect(natsOptions(access));
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
