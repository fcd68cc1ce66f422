import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { GatewayConfig } from '../config.js';

type Server = ReturnType<NestExpressApplication['getHttpServer']>;

/** Ends connections when the service ends: each once its request is answered, all of them after `DRAIN_MS`. */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: GatewayConfig,
  ) {}

  /** Just before the server is closed, which ends only the connections that are idle at that moment. */
  beforeApplicationShutdown(): void {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
    const closeAll = setTimeout(() => server.closeAllConnections(), this.config.DRAIN_MS);
    server.once('close', () => {
      clearInterval(closeIdle);
      clearTimeout(closeAll);
    });
  }
}
