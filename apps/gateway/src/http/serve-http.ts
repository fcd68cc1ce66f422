import { Logger, type INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { ensureFirstAdmin } from '../auth/first-admin.js';
import { OrganizationsService } from '../auth/organizations.service.js';
import { GatewayConfig } from '../config.js';
import { describeApi, serveDocs } from '../openapi.js';
import { limitRequests } from './limit-requests.js';
import { observeRequests } from './observe-requests.js';
import {
  isImport,
  keepLargeIntegers,
  MAX_BODY_BYTES,
  MAX_IMPORT_BYTES,
  noteLargeIntegers,
  refuseDeepNesting,
  requireJson,
} from './request-body.js';
import { RouteTemplates } from './route-templates.js';
import { securityHeaders } from './security-headers.js';

const imports = { limit: MAX_IMPORT_BYTES, strict: false, type: isImport };
/** `verify` is the parser's own; Nest's types leave it out. */
const bodies = { limit: MAX_BODY_BYTES, strict: false, verify: noteLargeIntegers };
/** Whoever is slower than this at sending a request is holding a connection, not using it. */
const REQUEST_ARRIVAL_MS = 30_000;

/** Opens the door: everything a request passes before its route, in order. Tells the address. */
export async function serveHttp(anyApp: INestApplication, config: GatewayConfig): Promise<string> {
  const app = anyApp as NestExpressApplication;
  const document = describeApi(app);

  app.disable('x-powered-by');
  app.disable('etag'); // ours name revisions; Express would hash bodies
  app.use(observeRequests(new RouteTemplates(document.paths)));
  app.use(securityHeaders);
  if (config.CORS_ORIGINS) app.enableCors(corsFor(config.CORS_ORIGINS.split(',')));
  app.use(requireJson);
  app.useBodyParser('json', imports);
  app.useBodyParser('json', bodies);
  app.use(keepLargeIntegers);
  app.use(refuseDeepNesting);
  app.use(limitRequests(config.MAX_IN_FLIGHT)); // only now: whoever sends slowly holds up nobody else
  serveDocs(app, document);

  await ensureFirstAdmin(
    app.get(OrganizationsService),
    config.FIRST_ADMIN_KEY_FILE,
    new Logger('FirstAdmin'),
  );
  const server = app.getHttpServer();
  server.requestTimeout = REQUEST_ARRIVAL_MS;
  server.headersTimeout = REQUEST_ARRIVAL_MS;
  await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  return `http://${config.HTTP_HOST}:${(server.address() as AddressInfo).port}`;
}

function corsFor(origin: string[]) {
  return { origin, exposedHeaders: ['ETag', 'Location', 'Retry-After', 'WWW-Authenticate'] };
}
