import { MessagingModule } from '#messaging/messaging.module';
import { NatsLink } from '#messaging/nats-connection';
import { NatsTransport } from '#messaging/nats.transport';
import { collectProcessMetrics } from '#telemetry/metrics';
import { startTelemetry } from '#telemetry/start-telemetry';
import {
  Logger,
  Module,
  type DynamicModule,
  type INestApplication,
  type INestApplicationContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JsonLogger } from './logger.js';
import { ConfigError, loadConfig } from './load-config.js';
import { OperationsServer, type ReadinessCheck } from './operations-server.js';
import type { ServiceConfig } from './service.config.js';

export interface ServiceDefinition<Config extends ServiceConfig> {
  /** The service's name: its queue group, its telemetry's `service.name`, its log's `service`. */
  readonly name: string;
  readonly config: new () => Config;
  readonly module: (config: Config) => DynamicModule | Promise<DynamicModule>;
  /** Looked at by `/health/ready`, besides the bus. */
  readonly readiness?: (app: INestApplicationContext) => Record<string, ReadinessCheck>;
  /** Looked at once, before it is ready. */
  readonly check?: (app: INestApplicationContext) => Promise<void>;
  /** Given: the service has a door of its own besides the bus. Listens, and tells its address. */
  readonly http?: (app: INestApplication, config: Config) => Promise<string>;
}

@Module({})
class ServiceModule {}

/**
 * Runs a service until SIGTERM or SIGINT: configuration, telemetry, bus, Nest, operations port, in that order. It ends
 * by taking no more work, finishing what is under way, flushing, and exiting with 0.
 */
export async function startService<Config extends ServiceConfig>(
  definition: ServiceDefinition<Config>,
): Promise<void> {
  try {
    await run(definition);
  } catch (error) {
    // Not through the logger: it may be what failed. A configuration error names variables, never values.
    const text =
      error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${definition.name} could not start. ${text ?? ''}\n`);
    process.exit(1);
  }
}

async function run<Config extends ServiceConfig>(definition: ServiceDefinition<Config>): Promise<void> {
  const { name } = definition;
  const config = loadConfig(definition.config);
  const logger = new JsonLogger(name, config.LOG_LEVEL);
  Logger.overrideLogger(logger);
  surviveSurprises(logger);
  const telemetry = await startTelemetry(name);
  collectProcessMetrics(name);
  const link = await NatsLink.open({
    url: config.NATS_URL,
    name,
    user: config.NATS_USER,
    password: config.NATS_PASSWORD,
    nkeySeed: config.NATS_NKEY_SEED,
    inboxPrefix: config.NATS_INBOX_PREFIX,
    caFile: config.NATS_CA_FILE,
  });
  const transport = new NatsTransport(link, {
    queue: name,
    maxInFlight: config.MAX_IN_FLIGHT,
    defaultDeadlineMs: 30_000,
    drainMs: config.DRAIN_MS,
  });
  const root: DynamicModule = {
    module: ServiceModule,
    imports: [MessagingModule.forRoot(link), await definition.module(config)],
  };

  const app = definition.http
    ? await NestFactory.create(root, { logger, abortOnError: false })
    : await NestFactory.createMicroservice(root, { logger, abortOnError: false, strategy: transport });
  transport.bindTo(app);
  const operations = new OperationsServer({
    bus: () => (link.isConnected ? undefined : 'not connected'),
    ...definition.readiness?.(app),
  });

  let ending: Promise<void> | undefined;
  const end = () =>
    (ending ??= (async () => {
      operations.beginShutdown();
      await transport.close();
      await app.close();
      await link.close();
      await telemetry.shutdown();
      await operations.close();
      process.exit(0);
    })());
  const endOrDie = () => {
    // Whatever hangs, a process that was told to end ends.
    setTimeout(() => process.exit(1), config.DRAIN_MS + 5000).unref();
    end().catch((error: unknown) => {
      logger.error(
        'The shutdown failed',
        error instanceof Error ? error.stack : String(error),
        'startService',
      );
      process.exit(1);
    });
  };
  process.once('SIGTERM', endOrDie);
  process.once('SIGINT', endOrDie);

  const address = definition.http ? await definition.http(app as INestApplication, config) : undefined;
  if (!definition.http) await (app as Awaited<ReturnType<typeof NestFactory.createMicroservice>>).listen();
  const operationsPort = await operations.listen(config.OPERATIONS_PORT, config.OPERATIONS_HOST);
  await definition.check?.(app);
  logger.log(`ready; operations on port ${operationsPort}${address ? `; serving ${address}` : ''}`);
}

/** The last resort: a rejection nobody handled is logged; an exception nobody caught leaves an unknown state. */
function surviveSurprises(logger: JsonLogger): void {
  process.on('unhandledRejection', (reason) => {
    logger.error('Unhandled rejection', reason instanceof Error ? reason.stack : typeof reason, 'process');
  });
  process.on('uncaughtException', (error) => {
    logger.fatal('Uncaught exception', error.stack, 'process');
    process.exit(1);
  });
}
