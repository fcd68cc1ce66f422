import type { OpenAPIObject } from '@nestjs/swagger';

interface Route {
  readonly template: string;
  readonly methods: ReadonlySet<string>;
  readonly pattern: RegExp;
}

/** Finds the template of a request's route before the router does, so that its span can be named when it begins. */
export class RouteTemplates {
  private readonly routes: readonly Route[];

  constructor(paths: OpenAPIObject['paths']) {
    this.routes = Object.entries(paths)
      .map(([template, operations]) => ({
        template,
        methods: new Set(Object.keys(operations)),
        pattern: new RegExp(`^${template.replaceAll(/\{[^/]+\}/g, '[^/]+')}/?$`, 'i'),
      }))
      .sort((one, other) => placeholders(one.template) - placeholders(other.template)); // `export` before `{key}`
  }

  /** As in `/v1/tools/{key}`; undefined when there is no such route. */
  of(method: string, path: string): string | undefined {
    const name = method === 'HEAD' ? 'get' : method.toLowerCase();
    return this.routes.find((route) => route.methods.has(name) && route.pattern.test(path))?.template;
  }
}

function placeholders(template: string): number {
  return template.split('{').length;
}
