import { pointerToken, type Problem } from '../problem.js';
import { argumentName, type ArgumentList, type JsonSchema } from './argument-list.js';
import type { Dropped } from './imported.js';
import { isObject, listOf, objectOf, textOf, type JsonObject } from './json-nodes.js';
import { onlyValue } from './openapi-parameters.js';
import type { References } from './openapi-references.js';
import type { SchemaReader } from './openapi-schema.js';
import { FORM_TYPE, isJsonType, mediaType, type FormField, type RawBody } from './raw-body.js';

export interface OperationBody {
  readonly body?: RawBody;
  /** Where the body's type does not say it. */
  readonly contentType?: string;
  readonly problems: readonly Problem[];
}

const NONE: OperationBody = { problems: [] };
const MULTIPART = 'multipart/form-data';

/** Reads an operation's `requestBody`: the fields of its first level become arguments, and a template names them. */
export class BodyReader {
  constructor(
    private readonly references: References,
    private readonly schemas: SchemaReader,
    private readonly args: ArgumentList,
    private readonly drop: (dropped: Dropped) => void,
  ) {}

  read(requestBody: unknown, at: string): OperationBody {
    if (requestBody === undefined) return NONE;
    const found = this.references.follow(requestBody, at);
    if (!found.ok) {
      this.drop({ where: at, what: 'the body', why: found.why });
      return NONE;
    }
    const content = objectOf(found.node.content);
    const types = Object.keys(content);
    const type = chooseType(types);
    if (type === undefined) return types.length === 0 ? NONE : refuse(types);
    const ignored = types.filter((other) => other !== type);
    if (ignored.length > 0) {
      this.drop({
        where: `${found.at}/content`,
        what: `the body as ${ignored.join(', ').slice(0, 200)}`,
        why: `${type} is taken`,
      });
    }
    const media = objectOf(content[type]);
    const here = `${found.at}/content/${pointerToken(type)}`;
    return this.readContent(type, media, here, found.node.required !== false); // few say `true` where they mean it
  }

  private readContent(type: string, media: JsonObject, at: string, isRequired: boolean): OperationBody {
    const plain = mediaType(type);
    const schema = this.schemas.read(media.schema, `${at}/schema`);
    if (isJsonType(plain)) {
      const body: RawBody = { type: 'json', template: this.jsonTemplate(schema, isRequired) };
      return { body, problems: [], ...(plain !== 'application/json' && { contentType: type }) };
    }
    if (plain === FORM_TYPE || plain === MULTIPART)
      return this.readFields(plain, media, schema, at, isRequired);
    const template = this.wholeBody({ ...schema, type: 'string' }, isRequired);
    const contentType = plain === 'text/plain' ? {} : { contentType: type };
    return { body: { type: 'text', template }, problems: [], ...contentType };
  }

  private jsonTemplate(schema: JsonSchema, isRequired: boolean): unknown {
    const fields = this.fieldsOf(schema, isRequired);
    if (!fields) return this.wholeBody(schema, isRequired);
    return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
  }

  /** Undefined for what is no object of known fields. */
  private fieldsOf(
    schema: JsonSchema,
    isRequired: boolean,
  ): { name: string; value: unknown; schema: JsonSchema; isRequired: boolean }[] | undefined {
    const { properties } = schema;
    if (!isObject(properties) || Object.keys(properties).length === 0) return undefined;
    const required = isRequired ? listOf(schema.required) : [];
    return Object.entries(properties).map(([name, property]) => {
      const own = objectOf(property);
      const isOwnRequired = required.includes(name);
      const only = isOwnRequired ? onlyValue(own) : undefined;
      const value = only ?? `{{${this.args.declare(`body:${name}`, name, own, isOwnRequired)}}}`;
      return { name, value, schema: own, isRequired: isOwnRequired };
    });
  }

  private wholeBody(schema: JsonSchema, isRequired: boolean): string {
    return `{{${this.args.declare('body', 'body', schema, isRequired)}}}`;
  }

  private readFields(
    type: typeof FORM_TYPE | typeof MULTIPART,
    media: JsonObject,
    schema: JsonSchema,
    at: string,
    isRequired: boolean,
  ): OperationBody {
    const found = this.references.follow(media.schema, `${at}/schema`);
    const written = found.ok ? objectOf(found.node.properties) : {};
    const encodings = objectOf(media.encoding);
    const files = Object.entries(written).filter(([, property]) => this.isFile(property));
    const problems: Problem[] = [];
    const { kept, names } = this.withoutFiles(schema, files, encodings, at, isRequired, problems);
    const fields = this.fieldsOf(kept, isRequired) ?? [];
    const template = fields.map(({ name, value, schema: own }): FormField => {
      const contentType = textOf(objectOf(encodings[name]).contentType);
      const isJson = isObject(own.properties) || own.type === 'object';
      return {
        name,
        value: String(value),
        ...(type === MULTIPART && names.has(name) && { fileName: `${argumentName(name)}.txt` }),
        ...(type === MULTIPART &&
          (contentType ?? (isJson ? 'application/json' : undefined)) && {
            contentType: contentType ?? 'application/json',
          }),
      };
    });
    return {
      body: type === MULTIPART ? { type: 'multipart', template } : { type: 'form', template },
      problems,
    };
  }

  private isFile(property: unknown): boolean {
    const found = this.references.follow(property, '');
    if (!found.ok) return false;
    const { format, contentMediaType, type, items } = found.node;
    if (type === 'array') return this.isFile(items);
    return (
      format === 'binary' || (typeof contentMediaType === 'string' && !contentMediaType.startsWith('text/'))
    );
  }

  /** Files that are text stay; other ones go, and with a required one the tool does. */
  private withoutFiles(
    schema: JsonSchema,
    files: readonly (readonly [string, unknown])[],
    encodings: JsonObject,
    at: string,
    isRequired: boolean,
    problems: Problem[],
  ): { kept: JsonSchema; names: ReadonlySet<string> } {
    const names = new Set<string>();
    const properties = { ...objectOf(schema.properties) };
    for (const [name] of files) {
      const contentType = textOf(objectOf(encodings[name]).contentType) ?? '';
      if (/^text\//i.test(contentType)) {
        names.add(name);
        continue;
      }
      Reflect.deleteProperty(properties, name);
      const what = `the file \`${name}\``;
      const why = 'a tool can send text files only';
      if (isRequired && listOf(schema.required).includes(name)) {
        problems.push({ pointer: '/request/body', code: 'not_allowed', message: `needs ${what}: ${why}` });
      } else {
        this.drop({ where: `${at}/schema/properties/${pointerToken(name)}`, what, why });
      }
    }
    return { kept: { ...schema, properties }, names };
  }
}

/** JSON where there is any, then forms, then text. */
function chooseType(types: readonly string[]): string | undefined {
  const is = (test: (type: string) => boolean) => types.find((type) => test(mediaType(type)));
  return (
    is((type) => type === 'application/json') ??
    is(isJsonType) ??
    is((type) => type === FORM_TYPE) ??
    is((type) => type === MULTIPART) ??
    is((type) => type.startsWith('text/') && type !== 'text/xml') ??
    is((type) => type === '*/*' || type === 'application/*') ??
    undefined
  );
}

function refuse(types: readonly string[]): OperationBody {
  const message = `is ${types.join(' or ').slice(0, 100)}, which is not made from a schema; write the tool by hand`;
  return { problems: [{ pointer: '/request/body', code: 'not_allowed', message }] };
}
