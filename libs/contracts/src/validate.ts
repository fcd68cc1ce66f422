import { problemsFromAjv, type Problem } from '#toolcall/problem';
import { Ajv2020, type AnySchema, type ErrorObject } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import { ServiceError } from './errors.js';

// ajv-formats is CommonJS: under Node's ESM loader its function is one level down.
const addFormats = addFormatsModule.default;

/** As Postgres reads one; Ajv's own `uuid` also takes `urn:uuid:…`. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const options = { strict: true, discriminator: true, allowUnionTypes: true, formats: { uuid } } as const;
const quick = addFormats(new Ajv2020(options), ['date-time']);
const thorough = addFormats(new Ajv2020({ ...options, allErrors: true, verbose: true }), ['date-time']);

/** Ajv's own type also allows for asynchronous schemas, which we have none of. */
interface Check {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** Compiled once per schema: the quick one decides, the thorough one explains and is compiled on first need. */
export class Validator<Schema extends TSchema> {
  private readonly accepts: Check;
  private explain?: Check;

  constructor(
    private readonly schema: Schema,
    private readonly settings: { showValues?: boolean } = {},
  ) {
    this.accepts = quick.compile(schema as AnySchema) as Check;
  }

  /** Whether the value has the schema's form. Allocates nothing when it has. */
  matches(value: unknown): value is Static<Schema> {
    return this.accepts(value);
  }

  /** Every problem of the value; empty when it matches. */
  problems(value: unknown): Problem[] {
    if (this.accepts(value)) return [];
    const explain = (this.explain ??= thorough.compile(this.schema as AnySchema) as Check);
    explain(value);
    return problemsFromAjv(explain.errors ?? [], this.settings);
  }

  /** @throws ServiceError `invalid_request` with every problem in `details.problems`. */
  assert(value: unknown): asserts value is Static<Schema> {
    const problems = this.problems(value);
    if (problems.length > 0) throw invalidRequest(problems);
  }
}

/** The one shape of a refusal of bad input. */
export function invalidRequest(problems: readonly Problem[]): ServiceError {
  const [first] = problems;
  const where = first?.pointer ? `${first.pointer}: ` : '';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new ServiceError('invalid_request', `${where}${first?.message ?? 'is not valid'}${more}`, {
    problems,
  });
}
