import { resolveTool } from '#contracts/catalog.contract';
import type { Environment } from '#contracts/common.contract';
import { Deadline } from '#messaging/deadline';
import { NatsLink } from '#messaging/nats-connection';
import { RpcClient } from '#messaging/rpc.client';
import { withCallBaggage } from '#telemetry/call-context';
import { compileTool, type CompiledTool } from '#toolcall/compile-tool';
import { Injectable } from '@nestjs/common';
import { context, type Context } from '@opentelemetry/api';
import { RefreshingCache } from '../refreshing-cache.js';

/** A version of a tool, ready to run. */
export interface RunnableTool {
  readonly key: string;
  readonly version: number;
  readonly compiled: CompiledTool;
  /** Shows the vault which credentials this version uses; kept and replaced with the definition it is about. */
  readonly grant: string | undefined;
  /** Whose values its secrets have. */
  readonly environment: Environment;
}

export interface ToolRequest {
  readonly orgId: string;
  readonly toolKey: string;
  readonly version?: number | 'draft' | undefined;
  /** Never with `version`. */
  readonly environment?: Environment | undefined;
  /** Whose overrides it has. */
  readonly agentId?: string | undefined;
  readonly callId?: string | undefined;
}

const rules = { freshMs: 30_000, usableMs: 300_000, patienceMs: 250, fetchMs: 2000, maxEntries: 5000 };

/** Definitions as the catalog published them, compiled once; served up to five minutes old when it is down. */
@Injectable()
export class ToolCache {
  private readonly cache = new RefreshingCache<RunnableTool>(rules);

  constructor(
    private readonly rpc: RpcClient,
    link: NatsLink,
  ) {
    link.onReconnect(() => this.cache.distrust());
  }

  /** @throws ServiceError `tool_not_found`, `tool_not_allowed` and what else the catalog answers, `service_unavailable` when it cannot */
  get(request: ToolRequest, deadline: Deadline, parent: Context): RunnableTool | Promise<RunnableTool> {
    if (request.version === 'draft') return this.fetch(request, deadline, parent);
    const { orgId, toolKey, version, environment, agentId } = request;
    // The agent comes last: its name is anybody's.
    const key = `${orgId} ${toolKey} ${version ?? environment ?? ''} ${agentId ?? ''}`;
    return (
      this.cache.fresh(key) ??
      this.cache.get(key, (timeoutMs) => this.fetch(request, Deadline.in(timeoutMs), parent), deadline)
    );
  }

  drop({ orgId, toolKey }: { orgId: string; toolKey: string }): void {
    this.cache.drop((key) => key.startsWith(`${orgId} ${toolKey} `));
  }

  /** Forgets the tools as this agent has them. */
  dropAgent({ orgId, agentId }: { orgId: string; agentId: string }): void {
    this.cache.drop((key) => key.startsWith(`${orgId} `) && key.endsWith(` ${agentId}`));
  }

  private async fetch(request: ToolRequest, deadline: Deadline, parent: Context): Promise<RunnableTool> {
    const { orgId, toolKey, version, environment, agentId } = request;
    const resolved = await context.with(withCallBaggage(parent, request), () =>
      this.rpc.call(resolveTool, { orgId, toolKey, version, environment, agentId }, { deadline }),
    );
    const { key, version: runs, definition, grant, environment: ranIn = 'production' } = resolved;
    return { key, version: runs, compiled: compileTool(definition), grant, environment: ranIn };
  }
}
