import { ServiceError } from '#contracts/errors';
import type { ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { Injectable } from '@nestjs/common';
import { GatewayConfig } from './config.js';
import { relativeTo } from './relative-problems.js';

/** What an execution takes at most when its request does not say (`ExecuteTool.deadlineMs`). */
const DEFAULT_DEADLINE_MS = 10_000;
/** For the way there and back: the executor answers by the deadline itself, with more than the gateway could say. */
const MARGIN_MS = 250;

interface AskOptions {
  /** What the service's problems call that which the client sent as the body. */
  readonly body?: 'definition' | 'credential';
  /** How long to wait; as long as an administrative request may take when absent. */
  readonly waitMs?: number;
  /** For public subjects. */
  readonly orgId?: string;
}

/** Asks the other services on behalf of a REST client, and reports their refusals in the client's terms. */
@Injectable()
export class ServicesClient {
  constructor(
    private readonly rpc: RpcClient,
    private readonly config: GatewayConfig,
  ) {}

  async ask<R extends Rpc>(
    rpc: R,
    request: RequestOf<R>,
    { body, waitMs, orgId }: AskOptions = {},
  ): Promise<ReplyOf<R>> {
    const deadline = Deadline.in(waitMs ?? this.config.REQUEST_TIMEOUT_MS);
    try {
      return await this.rpc.call(rpc, request, { deadline, ...(orgId && { orgId }) });
    } catch (error) {
      throw body !== undefined && error instanceof ServiceError ? relativeTo(body, error) : error;
    }
  }
}

/** How long to wait for an execution's answer, milliseconds. */
export function executionWait({ deadlineMs = DEFAULT_DEADLINE_MS }: { deadlineMs?: number }): number {
  return deadlineMs + MARGIN_MS;
}
