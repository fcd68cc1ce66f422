import type { ApiParamOptions } from '@nestjs/swagger';
import type { TSchema } from 'typebox';
import { documents, type DocumentName } from './documents.js';

type OpenApiSchema = Extract<ApiParamOptions, { schema?: unknown }>['schema'] & object;

/** OpenAPI 3.1 schemas are JSON Schema 2020-12, which TypeBox's are; only the types differ. */
export function asOpenApi(schema: TSchema): OpenApiSchema {
  return schema;
}

export function reference(name: DocumentName): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** The documents as components; where one stands in another, a reference to it does. */
export function schemaComponents(): Record<string, OpenApiSchema> {
  const names = new Map<unknown, DocumentName>(
    Object.entries(documents).map(([name, schema]) => [schema, name as DocumentName]),
  );
  const withReferences = (node: unknown, isRoot: boolean): unknown => {
    const name = isRoot ? undefined : names.get(node);
    if (name) return reference(name);
    if (Array.isArray(node)) return node.map((one) => withReferences(one, false));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, one]) => [key, withReferences(one, false)]));
  };
  return Object.fromEntries(
    Object.entries(documents).map(([name, schema]) => [name, withReferences(schema, true) as OpenApiSchema]),
  );
}
