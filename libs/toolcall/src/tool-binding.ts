import Type from 'typebox';
import { RequestDefinition, ToolDefinition, ToolKey } from './tool-definition.js';

const closed = { additionalProperties: false } as const;

/** What one agent is told otherwise about an argument. To hide an argument from the model, `bind` it. */
export const ParameterOverride = Type.Object(
  {
    description: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    /** Taken when the model gives none; an argument with a default is not required. */
    default: Type.Optional(Type.Unknown()),
    /** The only values this agent may give, in place of the tool's own list. */
    enum: Type.Optional(Type.Array(Type.Unknown(), { minItems: 1, maxItems: 200 })),
  },
  closed,
);
export type ParameterOverride = Type.Static<typeof ParameterOverride>;

/** One tool of an agent, and what is different about it there. */
export const ToolBinding = Type.Object(
  {
    key: ToolKey,
    /** Keeps the agent at this version; it follows what is published when absent. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Each stands in place of the tool's header of that name, or is added. */
    headers: RequestDefinition.properties.headers,
    /** Each stands in place of the tool's path parameter of that name, whole, or is added. */
    pathParameters: RequestDefinition.properties.pathParameters,
    /** By argument. */
    parameters: Type.Optional(
      Type.Unsafe<Record<string, ParameterOverride>>({
        type: 'object',
        maxProperties: 100,
        additionalProperties: ParameterOverride,
      }),
    ),
    /** Values the model neither sees nor sets, by name: an argument's name takes that argument away from it. */
    bind: ToolDefinition.properties.bind,
    /** Each stands in place of the tool's message of that kind. */
    messages: ToolDefinition.properties.messages,
  },
  closed,
);
export type ToolBinding = Type.Static<typeof ToolBinding>;
