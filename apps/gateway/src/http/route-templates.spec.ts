import { describe, expect, it } from '@jest/globals';
import { RouteTemplates } from './route-templates.js';

describe('the template of a route', () => {
  const templates = new RouteTemplates({
    '/v1/tools': { get: { responses: {} }, post: { responses: {} } },
    '/v1/tools/{key}': { get: { responses: {} }, put: { responses: {} } },
    '/v1/tools/export': { get: { responses: {} } },
    '/v1/tools/{key}/versions/{n}': { get: { responses: {} } },
  });

  it.each([
    ['GET', '/v1/tools', '/v1/tools'],
    ['HEAD', '/v1/tools/', '/v1/tools'],
    ['GET', '/V1/Tools/look_up', '/v1/tools/{key}'],
    ['GET', '/v1/tools/export', '/v1/tools/export'],
    ['PUT', '/v1/tools/export', '/v1/tools/{key}'],
    ['GET', '/v1/tools/a/versions/3', '/v1/tools/{key}/versions/{n}'],
    ['DELETE', '/v1/tools', undefined],
    ['GET', '/v1/tools/a/b', undefined],
    ['GET', '/', undefined],
  ])('%s %s is %s', (method, path, template) => {
    expect(templates.of(method, path)).toBe(template);
  });
});
