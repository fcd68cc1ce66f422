import { checkDefinition } from '#toolcall/check-definition';
import type { RenderedRequest } from '#toolcall/compile-request';
import { compileTool, type CallFrame, type Prepared } from '#toolcall/compile-tool';
import type { ToolDefinition } from '#toolcall/tool-definition';

export const frame: CallFrame = {
  orgId: '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11',
  callId: '0d7e7b6c-0f49-4f3b-8b1e-000000000001',
  agentId: 'agent-7',
  facts: {
    contact: { id: 'C-1', first_name: 'Ada', last_name: 'Lovelace', email: null },
    agent_name: 'Robin',
    direction: 'inbound',
    timezone: 'Asia/Tokyo',
    custom: { tier: 'gold' },
  },
  now: new Date('2026-03-01T23:30:00.000Z'),
};

/** What a definition makes of arguments that are given as coerced. @throws Error when the definition has problems */
export function prepareTool(
  definition: ToolDefinition,
  args: Readonly<Record<string, unknown>>,
  from: CallFrame = frame,
): Prepared {
  const problems = checkDefinition(definition);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return compileTool(definition).prepare(from, args);
}

/** The request it makes. @throws Error when it makes none */
export function renderTool(...given: Parameters<typeof prepareTool>): RenderedRequest {
  const prepared = prepareTool(...given);
  if (!prepared.ok) throw new Error(`not rendered: ${JSON.stringify(prepared.missing)}`);
  return prepared.request;
}
