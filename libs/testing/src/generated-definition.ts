import { toolDefinition } from './tool-definition.builder.js';
import type { RequestBody, ToolDefinition } from '#toolcall/tool-definition';
import fc, { type GeneratorValue } from 'fast-check';

type Json = Record<string, unknown>;
const names = ['a', 'b', 'c', 'd'];
/** What templates may name besides. */
const contextNames = ['contact.id', 'direction', 'org_id', 'current_date', 'custom.tier'];

/** A definition with parameters and templates of every kind, most of them fit to be saved. */
export function generateDefinition(g: GeneratorValue): ToolDefinition {
  const chance = (percent: number) => g(fc.integer, { min: 1, max: 100 }) <= percent;
  const pick = <T>(...of: T[]): T => of[g(fc.nat, of.length - 1)] as T;
  const some = <T>(list: readonly T[], percent: number) => list.filter(() => chance(percent));

  const schema = (depth: number): Json => {
    switch (pick('string', 'string', 'integer', 'boolean', 'enum', 'null', 'object', 'array', 'any')) {
      case 'integer':
        return { type: 'integer', ...(chance(20) && { default: 7 }) };
      case 'boolean':
        return { type: 'boolean' };
      case 'enum':
        return { enum: ['x', 'y'] };
      case 'null':
        return { type: ['string', 'null'] };
      case 'object':
        return depth > 1 ? { type: 'string' } : object(['k', 'l'], depth + 1);
      case 'array':
        return { type: 'array', items: schema(depth + 1), ...(chance(50) && { minItems: 1 }) };
      case 'any':
        return {};
      default:
        return { type: 'string', ...(chance(20) && { default: 'fallback' }) };
    }
  };
  const object = (of: readonly string[], depth: number): Json => {
    const properties = Object.fromEntries(some(of, 80).map((name) => [name, schema(depth)]));
    return {
      type: 'object',
      properties,
      required: some(Object.keys(properties), 50),
      ...(chance(10) && { additionalProperties: true }),
    };
  };

  const parameters = object(names, 0);
  const declared = Object.keys(parameters.properties as Json);
  const bind = Object.fromEntries(some(['e', ...declared.slice(0, 1)], 25).map((name) => [name, '']));
  const isArgument = (name: string) => declared.includes(name) && !Object.hasOwn(bind, name);
  const reference = (of: readonly string[]): string => {
    const name = pick(...of, ...contextNames, ...(chance(5) ? ['unheard'] : []));
    const path = `${name}${isArgument(name) ? pick('', '', '', '.k', '[0]') : ''}`;
    const filter = pick('', '', ' | default: "dflt"', ' | default: 5');
    return pick(`{{${path}${filter}}}`, `{ { ${path}${filter} } }`);
  };
  const usable = [...declared, ...Object.keys(bind), 'order.id'];
  const text = (pieces: readonly string[], of = usable) =>
    Array.from({ length: g(fc.integer, { min: 1, max: 3 }) }, () =>
      chance(60) ? reference(of) : pick(...pieces),
    ).join('');
  for (const name of Object.keys(bind))
    bind[name] = text(['x', ' '], declared.length > 0 ? declared : ['order.id']);

  const words = ['x', ' ', '&', '=', '"', '}', '\\', '%2e', 'é', '$&', '<b>', ':a'];
  const inPath = ['x', '-', '%20', ':a', '.', '..', '~'];
  const json = (depth: number): unknown => {
    const kind = pick('text', 'text', 'object', 'list', 'value');
    if (kind === 'object' && depth < 3)
      return Object.fromEntries(some(['p', 'q', 'r'], 60).map((key) => [key, json(depth + 1)]));
    if (kind === 'list' && depth < 3) return [json(depth + 1), json(depth + 1)];
    return kind === 'value' ? pick<unknown>(1, true, null) : text(words);
  };
  const body = (): RequestBody => {
    const type = pick<RequestBody['type']>('json', 'form', 'multipart', 'text', 'xml', 'none');
    switch (type) {
      case 'json':
        return { type, template: chance(30) ? JSON.stringify(json(0)) : json(0) };
      case 'form':
        return {
          type,
          template: [
            { name: 'f', value: text(words) },
            { name: 'g', value: 1 },
          ],
        };
      case 'multipart':
        return {
          type,
          template: [
            { name: 'm', value: text(words) },
            { name: 'n', value: text(words), fileName: text(words) },
          ],
        };
      case 'text':
        return { type, template: text(words) };
      case 'xml':
        return {
          type,
          template: `<r s="${text(['x', ' '])}">${text(['x', '<b/>'])}<![CDATA[${text([']', '>x'])}]]></r>`,
        };
      case 'none':
        return { type };
    }
  };
  const method = pick('GET', 'POST', 'DELETE', 'PATCH');
  return toolDefinition({
    parameters,
    bind,
    callVariables: ['order'],
    request: {
      method,
      url:
        `https://api.example.com/${text(inPath)}/{a}/${pick('end', ':b', '')}`.replace(
          '{a}',
          declared.includes('a') ? pick('{a}', ':a') : 'a',
        ) + pick('', `?u=${text(['x', '%41', '+', '=', '?'])}`),
      pathParameters:
        declared.includes('a') && chance(30) ? [{ name: 'a', default: 'last', useDefault: true }] : [],
      query: some(['s', 't'], 60).map((name) => ({ name, value: text(words) })),
      headers: some(['X-One', 'X-Two'], 60).map((name) => ({ name, value: text(['x', ' ', ':']) })),
      ...(method !== 'GET' && chance(80) && { body: body() }),
    },
  });
}

/** Arguments that satisfy the schema. */
export function generateArguments(g: GeneratorValue, schema: Json, leaf: () => string): Json {
  const valueOf = (of: Json): unknown => {
    if (Array.isArray(of.enum)) return of.enum[g(fc.nat, of.enum.length - 1)] as unknown;
    switch (Array.isArray(of.type) ? 'nullable' : of.type) {
      case 'integer':
        return g(fc.integer);
      case 'boolean':
        return g(fc.boolean);
      case 'nullable':
        return g(fc.boolean) ? null : leaf();
      case 'object':
        return generateArguments(g, of, leaf);
      case 'array':
        return Array.from({ length: g(fc.integer, { min: Number(of.minItems ?? 0), max: 2 }) }, () =>
          valueOf(of.items as Json),
        );
      default:
        return leaf();
    }
  };
  const required = (schema.required ?? []) as string[];
  return Object.fromEntries(
    Object.entries((schema.properties ?? {}) as Record<string, Json>)
      .filter(([name]) => required.includes(name) || g(fc.boolean))
      .map(([name, of]) => [name, valueOf(of)]),
  );
}
