import { pointerToken } from '../problem.js';
import type { ArgumentList, JsonSchema } from './argument-list.js';
import type { Dropped, FoundSecret } from './imported.js';
import { reservedHeader } from '../header-names.js';
import { isObject, listOf, objectOf, textOf, type JsonObject } from './json-nodes.js';
import type { References } from './openapi-references.js';
import type { SchemaReader } from './openapi-schema.js';
import { isKeyField, isSecretHeader } from './secret-names.js';

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface OperationParameters {
  /** By its name in the path: the template that stands for it. */
  readonly path: ReadonlyMap<string, string>;
  readonly query: readonly NameValue[];
  readonly headers: readonly NameValue[];
  readonly secrets: readonly FoundSecret[];
}

interface Parameter {
  readonly name: string;
  readonly place: string;
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
  readonly style: string | undefined;
  readonly explode: boolean | undefined;
  /** Whether it is written as JSON, by `content`. */
  readonly isJson: boolean;
  readonly at: string;
}

/** These three are said elsewhere in an OpenAPI document, which has it that parameters of these names mean nothing. */
const SAID_ELSEWHERE = new Set(['accept', 'content-type', 'authorization']);

export class ParameterReader {
  private readonly path = new Map<string, string>();
  private readonly query: NameValue[] = [];
  private readonly headers: NameValue[] = [];
  private readonly cookies: string[] = [];
  private readonly secrets: FoundSecret[] = [];

  constructor(
    private readonly references: References,
    private readonly schemas: SchemaReader,
    private readonly args: ArgumentList,
    private readonly drop: (dropped: Dropped) => void,
  ) {}

  /** An operation's parameters and those of its path; its own win. */
  read(ofPath: unknown, pathAt: string, ofOperation: unknown, operationAt: string): OperationParameters {
    const all = new Map<string, Parameter>();
    for (const [list, at] of [
      [listOf(ofPath), `${pathAt}/parameters`],
      [listOf(ofOperation), `${operationAt}/parameters`],
    ] as const) {
      for (const [index, node] of list.entries()) {
        const parameter = this.readOne(node, `${at}/${index}`);
        if (parameter) all.set(`${parameter.place} ${parameter.name}`, parameter);
      }
    }
    for (const parameter of all.values()) this.place(parameter);
    if (this.cookies.length > 0) this.headers.push({ name: 'Cookie', value: this.cookies.join('; ') });
    const { path, query, headers, secrets } = this;
    return { path, query, headers, secrets };
  }

  private readOne(node: unknown, at: string): Parameter | undefined {
    const found = this.references.follow(node, at);
    const name = found.ok ? textOf(found.node.name) : undefined;
    const place = found.ok ? textOf(found.node.in) : undefined;
    if (!found.ok || name === undefined || place === undefined) {
      this.drop({
        where: at,
        what: 'a parameter',
        why: found.ok ? 'it has no `name` or no `in`' : found.why,
      });
      return undefined;
    }
    const { node: written } = found;
    const isSecret = place === 'header' ? isSecretHeader(name) : place === 'query' && isKeyField(name);
    if (isSecret && !(place === 'header' && SAID_ELSEWHERE.has(name.toLowerCase()))) {
      this.secrets.push({ place: { in: place as 'header' | 'query', name } });
      return undefined;
    }
    return {
      name,
      place,
      isRequired: place === 'path' || written.required === true,
      schema: this.schemaOf(written, found.at),
      style: textOf(written.style),
      explode: typeof written.explode === 'boolean' ? written.explode : undefined,
      isJson: written.content !== undefined,
      at,
    };
  }

  private schemaOf(parameter: JsonObject, at: string): JsonSchema {
    const [type, media] = Object.entries(objectOf(parameter.content))[0] ?? [];
    const schema =
      type === undefined
        ? this.schemas.read(parameter.schema, `${at}/schema`)
        : this.schemas.read(objectOf(media).schema, `${at}/content/${pointerToken(type)}/schema`);
    const description = textOf(parameter.description)?.trim().slice(0, 500);
    const example = parameter.example ?? objectOf(Object.values(objectOf(parameter.examples))[0]).value;
    const hasExample =
      example !== undefined && !('examples' in schema) && JSON.stringify(example).length <= 500;
    return {
      ...schema,
      ...(description !== undefined && { description }),
      ...(hasExample && { examples: [example] }),
    };
  }

  private place(parameter: Parameter): void {
    switch (parameter.place) {
      case 'path': {
        this.placeInPath(parameter);
        return;
      }
      case 'query': {
        this.placeInQuery(parameter);
        return;
      }
      case 'header': {
        this.placeInHeader(parameter);
        return;
      }
      case 'cookie': {
        this.placeInCookie(parameter);
        return;
      }
      default:
        this.drop({
          where: parameter.at,
          what: `the parameter \`${parameter.name}\``,
          why: 'its `in` is no known place',
        });
    }
  }

  /** A value that cannot be but one is written out; anything else is asked for. */
  private template({ name, place, isRequired, schema }: Parameter): string {
    const only = onlyValue(schema);
    if (isRequired && only !== undefined) return String(only);
    return `{{${this.args.declare(`${place}:${name}`, name, schema, isRequired)}}}`;
  }

  private placeInPath(parameter: Parameter): void {
    const { name, schema, style, at } = parameter;
    if (style !== undefined && style !== 'simple') this.noteStyle(at, style, name);
    const { default: fallback, ...rest } = schema;
    if (fallback !== undefined) {
      const why =
        'a default in a path stands for any caller whose value is unknown; opt in with `pathParameters`';
      this.drop({ where: at, what: `the default of \`${name}\``, why });
    }
    this.path.set(name, this.template({ ...parameter, schema: rest }));
  }

  private placeInQuery(parameter: Parameter): void {
    const { name, schema, style = 'form', at } = parameter;
    const { properties } = schema;
    const isSpread =
      !parameter.isJson && (style === 'deepObject' || (style === 'form' && parameter.explode !== false));
    if (isObject(properties) && Object.keys(properties).length > 0 && isSpread) {
      const required = parameter.isRequired ? listOf(schema.required) : [];
      for (const [key, property] of Object.entries(properties)) {
        const pair = style === 'deepObject' ? `${name}[${key}]` : key;
        const isRequired = required.includes(key);
        const value = this.template({ ...parameter, name: pair, schema: objectOf(property), isRequired });
        this.query.push({ name: pair, value });
      }
      return;
    }
    const isList = schema.type === 'array';
    if (isList && (style !== 'form' || parameter.explode === false)) {
      this.noteStyle(at, style === 'form' ? 'one value with commas' : style, name);
    }
    this.query.push({ name, value: this.template(parameter) });
  }

  private noteStyle(where: string, style: string, name: string): void {
    const why = 'a tool repeats the parameter for each item of a list, and writes objects as JSON';
    this.drop({ where, what: `the style \`${style}\` of \`${name}\``, why });
  }

  private placeInHeader(parameter: Parameter): void {
    const { name, at } = parameter;
    if (SAID_ELSEWHERE.has(name.toLowerCase())) return;
    const why = reservedHeader(name);
    if (why) this.drop({ where: at, what: `the header \`${name}\``, why });
    else this.headers.push({ name, value: this.template(parameter) });
  }

  /** All cookies stand in one header, which an absent one would take along. */
  private placeInCookie(parameter: Parameter): void {
    const { name, isRequired, at } = parameter;
    if (!isRequired) {
      this.drop({
        where: at,
        what: `the cookie \`${name}\``,
        why: 'it is optional, and stands in a header with others',
      });
    } else if (/sess|token|auth|sid$/i.test(name)) {
      this.secrets.push({ place: { in: 'header', name: 'Cookie' } });
    } else {
      this.cookies.push(`${name}=${this.template(parameter)}`);
    }
  }
}

/** The only value a schema allows; undefined when there are more, or none that can be written out. */
export function onlyValue(schema: JsonSchema): string | number | boolean | undefined {
  const values = 'const' in schema ? [schema.const] : listOf(schema.enum);
  const [value] = values;
  if (values.length !== 1) return undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}
