import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

/** Replies are data: no page may run anything in their name. */
const forData = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
});

/** Swagger UI has inline styles and icons as `data:`. Upgrading to https would break it where TLS ends elsewhere. */
const forDocs = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
});

export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  const isDocs = request.path === '/docs' || request.path.startsWith('/docs/');
  // Kept by nobody in between; the client itself asks again with `If-None-Match`.
  if (!isDocs) response.set('Cache-Control', 'private, no-cache');
  (isDocs ? forDocs : forData)(request, response, next);
}
