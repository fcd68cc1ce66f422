import { MessagingModule } from '#messaging/messaging.module';
import { NatsLink } from '#messaging/nats-connection';
import { loadConfig } from '#runtime/load-config';
import { IntakeKey } from '#sealing/intake-key';
import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { randomBytes } from 'node:crypto';
import { GatewayConfig } from '../src/config.js';
import type { ProblemDocument } from '../src/documents.js';
import { GatewayModule } from '../src/gateway.module.js';
import { serveHttp } from '../src/http/serve-http.js';

@Module({})
class TestModule {}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface RequestOptions {
  readonly key?: string;
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface RunningGateway {
  readonly url: string;
  readonly app: NestExpressApplication;
  ask(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Asks for what is refused, and checks that the refusal is a problem document. */
  refusal(method: string, path: string, options?: RequestOptions): Promise<ProblemDocument>;
  stop(): Promise<void>;
}

/** The vault's, which the gateway has the public half of. */
export const intakeKey = new IntakeKey(randomBytes(32));

/** The gateway as `main.ts` starts it, in this process, on a free port. */
export async function startGateway(
  environment: { DATABASE_URL: string; NATS_URL: string } & Record<string, string>,
  logger: LoggerService | false = false,
): Promise<RunningGateway> {
  const config = loadConfig(GatewayConfig, {
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    VAULT_PUBLIC_KEY: intakeKey.publicKey,
    PUBLIC_URL: 'https://patchbay.example.com',
    ...environment,
  });
  const link = await NatsLink.open({ url: config.NATS_URL, name: 'gateway' });
  const imports = [MessagingModule.forRoot(link), GatewayModule.forRoot(config)];
  const app = await NestFactory.create<NestExpressApplication>(
    { module: TestModule, imports },
    { logger, abortOnError: false },
  );
  const stop = async () => {
    await app.close();
    await link.close();
  };
  const url = await serveHttp(app, config).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const ask = (method: string, path: string, options?: RequestOptions) => request(url, method, path, options);
  const refusal = async (method: string, path: string, options?: RequestOptions) => {
    const { status, headers, body } = await ask(method, path, options);
    if (!headers.get('content-type')?.startsWith('application/problem+json') || body.status !== status) {
      throw new Error(`${method} ${path} was answered ${status}, and not with a problem document`);
    }
    return body as unknown as ProblemDocument;
  };
  return { url, app, ask, refusal, stop };
}

async function request(
  url: string,
  method: string,
  path: string,
  { key, body, headers }: RequestOptions = {},
): Promise<Reply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
}

/** What Express really routes, apart from the documentation: `GET /v1/tools/:key`, sorted. */
export function routesOf(app: NestExpressApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return router.stack
    .flatMap(({ route }) => (route && !route.path.startsWith('/docs') ? [route] : []))
    .flatMap(({ path, methods }) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .sort();
}
