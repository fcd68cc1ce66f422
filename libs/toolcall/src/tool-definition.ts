import Type from 'typebox';

const closed = { additionalProperties: false } as const;
/** Object whose keys are the tenant's own; `Type.Record` would test every key against a pattern. */
const anyObject = (description: string) =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', description });

/** How freely the agent may use a tool, from silent use to use after identity verification. */
export const Burden = Type.Enum(['ambient', 'conversational', 'requested', 'confirmed', 'verified']);
export type Burden = Type.Static<typeof Burden>;

export const HttpMethod = Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
export type HttpMethod = Type.Static<typeof HttpMethod>;

/** A stable identifier of a tool within its organization. */
export const ToolKey = Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' });

const Name = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$' });
const CallVariableName = Type.String({ pattern: '^[A-Za-z_$][A-Za-z0-9_$-]{0,127}$' });
const HeaderName = Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$" });
/** Up to a minute for reads and writes alike; the executor caps it by the caller's deadline and the operator's limit. */
const TimeoutMs = Type.Integer({ minimum: 1, maximum: 900_000 });

const NameValue = (name: Type.TSchema) =>
  Type.Object({ name, value: Type.String({ maxLength: 8192 }) }, closed) as Type.TObject<{
    name: Type.TString;
    value: Type.TString;
  }>;

/** A typed variable the model collects from the caller: the flat alternative to `parameters`. */
export const VariableDeclaration = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }),
    type: Type.Enum(['string', 'integer', 'float', 'boolean', 'date', 'email', 'phone']),
    description: Type.Optional(Type.String({ maxLength: 1000 })),
    example: Type.Optional(Type.Unknown()),
    required: Type.Optional(Type.Boolean()),
    default: Type.Optional(Type.Unknown()),
  },
  closed,
);
export type VariableDeclaration = Type.Static<typeof VariableDeclaration>;

export const PathParameter = Type.Object(
  {
    name: Name,
    /** Template that fills the segment instead of the argument of the same name. */
    value: Type.Optional(Type.String({ maxLength: 2048 })),
    /** Used when the argument is absent; only with `useDefault: true`, since a default id means the wrong customer. */
    default: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    useDefault: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type PathParameter = Type.Static<typeof PathParameter>;

/**
 * `json`: a JSON value, or text that is one apart from its placeholders. `form` and `multipart`: a list of
 * `{name, value}`, for `multipart` with `fileName` and `contentType` where a text file is meant; for `form` an object
 * will do. `text` and `xml`: text. `none` has no template, and keeps arguments no placeholder names from becoming a
 * JSON body.
 */
export const RequestBody = Type.Object(
  {
    type: Type.Enum(['json', 'form', 'multipart', 'text', 'xml', 'none']),
    template: Type.Optional(Type.Unknown()),
  },
  closed,
);
export type RequestBody = Type.Static<typeof RequestBody>;

const requestFields = {
  method: HttpMethod,
  /** Scheme, host and port literal; `https://` is put in front when there is no scheme. */
  url: Type.String({ minLength: 1, maxLength: 4096 }),
  pathParameters: Type.Optional(Type.Array(PathParameter, { maxItems: 20 })),
  headers: Type.Optional(Type.Array(NameValue(HeaderName), { maxItems: 50 })),
  query: Type.Optional(
    Type.Array(NameValue(Type.String({ minLength: 1, maxLength: 256 })), { maxItems: 50 }),
  ),
  body: Type.Optional(RequestBody),
  /** Whether `<name>` is a placeholder in the request, beside `{{name}}`. */
  angleBrackets: Type.Optional(Type.Boolean()),
  credentialId: Type.Optional(Type.String({ format: 'uuid' })),
  timeoutMs: Type.Optional(TimeoutMs),
};
export const RequestDefinition = Type.Object(requestFields, closed);
export type RequestDefinition = Type.Static<typeof RequestDefinition>;

const Line = { minLength: 1, maxLength: 2000 } as const;
const Lines = {
  type: ['string', 'array'],
  ...Line,
  items: { type: 'string', ...Line },
  minItems: 1,
  maxItems: 10,
};
export type Lines = string | readonly string[];
/** What is said: a line, a list of lines to take turns, or either by language (`{"en": …, "de-AT": …, "default": …}`). */
export const Message = Type.Unsafe<Lines | Readonly<Record<string, Lines>>>({
  ...Lines,
  type: ['string', 'array', 'object'],
  minProperties: 1,
  maxProperties: 20,
  additionalProperties: Lines,
});
export type Message = Type.Static<typeof Message>;

export const OutcomeRule = Type.Object(
  {
    /** A status (`404`), a class (`5xx`), `timeout`, or a condition on the answer: `body.error exists AND status == 200`. */
    when: Type.String({ minLength: 1, maxLength: 500 }),
    outcome: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }),
    /** Whether that is a success, where the status says otherwise: a 200 with an error inside, a 404 that answers the question. */
    succeeded: Type.Optional(Type.Boolean()),
    say: Type.Optional(Message),
    hint: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  closed,
);
export type OutcomeRule = Type.Static<typeof OutcomeRule>;

/** Where a variable comes from: one of `path`, `expression`, `header`. */
export const ResponseVariable = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }),
    /** Dot and bracket path into the response body: `customer.id`, `orders[0].status`. */
    path: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    /** JMESPath over the response body: ``orders[?status=='open'] | [0].id``. */
    expression: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    /** The name of a response header. */
    header: Type.Optional(HeaderName),
    default: Type.Optional(Type.Unknown()),
  },
  closed,
);
export type ResponseVariable = Type.Static<typeof ResponseVariable>;

/** Paths into the response body in which `[*]` stands for every item of a list: `orders[*].card`. */
const Patterns = Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 50 });

export const ResponseDefinition = Type.Object(
  {
    /** How the body is written; by its content type with `auto`. */
    format: Type.Optional(Type.Enum(['auto', 'json', 'xml', 'form', 'text'])),
    variables: Type.Optional(Type.Array(ResponseVariable, { maxItems: 100 })),
    expose: Type.Optional(Type.Enum(['all', 'mapped', 'none'])),
    /** All of the body that `expose: all` exposes. */
    allow: Type.Optional(Patterns),
    /** What is taken out of the body before anything else. */
    deny: Type.Optional(Patterns),
    /** What is replaced by a mark that something was there. */
    redact: Type.Optional(Patterns),
    /** Most items of a list, and characters of a text, in what the model reads. */
    maxArrayItems: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    maxStringLength: Type.Optional(Type.Integer({ minimum: 1, maximum: 32_768 })),
    maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 262_144 })),
    outcomes: Type.Optional(Type.Array(OutcomeRule, { maxItems: 50 })),
  },
  closed,
);
export type ResponseDefinition = Type.Static<typeof ResponseDefinition>;

export const Messages = Type.Object(
  {
    /** Leaves every word to the agent: nothing below is said. */
    speakNaturally: Type.Optional(Type.Boolean()),
    start: Type.Optional(Message),
    delays: Type.Optional(
      Type.Array(Type.Object({ afterMs: Type.Integer({ minimum: 100 }), text: Message }, closed), {
        maxItems: 5,
      }),
    ),
    complete: Type.Optional(Message),
    failure: Type.Optional(Message),
  },
  closed,
);
export type Messages = Type.Static<typeof Messages>;

/** Stored whole; what only a later release acts on is refused at execution, never half obeyed. */
export const ExecutionPolicy = Type.Object(
  {
    mode: Type.Optional(Type.Enum(['sync', 'async'])),
    retry: Type.Optional(anyObject('Attempts and waits; stored, acted on by a later release')),
    idempotency: Type.Optional(Type.String({ maxLength: 200 })),
    cacheTtlMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })),
    onInterrupt: Type.Optional(Type.Enum(['continue', 'cancel', 'cancel_if_unsent'])),
    maxConcurrent: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    rateLimit: Type.Optional(anyObject('Requests per period; stored, acted on by a later release')),
    /** Says whether the tool can change something, where its method does not tell: a GET that writes, a POST that only reads. */
    writes: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ExecutionPolicy = Type.Static<typeof ExecutionPolicy>;

export const Verification = Type.Object(
  {
    requires: Type.Optional(Type.Array(Name, { maxItems: 10 })),
    grants: Type.Optional(
      Type.Object({ claim: Name, when: Type.Optional(Type.String({ maxLength: 500 })) }, closed),
    ),
  },
  closed,
);

const commonFields = {
  key: ToolKey,
  name: Type.String({ minLength: 1, maxLength: 120 }),
  description: Type.String({ minLength: 10, maxLength: 1000 }),
  bind: Type.Optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      maxProperties: 50,
      additionalProperties: { type: 'string', maxLength: 2048 },
    }),
  ),
  /** Names of variables this tool reads from what earlier tools of the call returned: `customer` for `{{customer.id}}`. */
  callVariables: Type.Optional(Type.Array(CallVariableName, { maxItems: 50, uniqueItems: true })),
  /** By argument, the path of the call variables whose values it may have: `{"order_id": "orders[*].id"}`. */
  allowedValuesFrom: Type.Optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      maxProperties: 20,
      additionalProperties: { type: 'string', minLength: 1, maxLength: 512 },
    }),
  ),
  /** Country (ISO 3166) of phone numbers without country code, where the call does not tell the caller's. */
  defaultRegion: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
  response: Type.Optional(ResponseDefinition),
  messages: Type.Optional(Messages),
  execution: Type.Optional(ExecutionPolicy),
  verification: Type.Optional(Verification),
};

/** What an integration builder sends. Aliases (`variables`, `timeoutSeconds`) and omissions are allowed here only. */
export const ToolDefinitionInput = Type.Object(
  {
    ...commonFields,
    burden: Type.Optional(Burden),
    parameters: Type.Optional(anyObject('JSON Schema 2020-12 of the arguments, `type: object`')),
    variables: Type.Optional(Type.Array(VariableDeclaration, { maxItems: 100 })),
    request: Type.Object(
      {
        ...requestFields,
        timeoutSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 900 })),
      },
      closed,
    ),
  },
  closed,
);
export type ToolDefinitionInput = Type.Static<typeof ToolDefinitionInput>;

/** What is stored, published and executed: the normal form of {@link ToolDefinitionInput}. */
export const ToolDefinition = Type.Object(
  {
    ...commonFields,
    burden: Burden,
    parameters: anyObject('JSON Schema 2020-12 of the arguments'),
    request: RequestDefinition,
  },
  closed,
);
export type ToolDefinition = Type.Static<typeof ToolDefinition>;
