import type { ExecutionErrorCode } from '#contracts/executor.contract';
import type { ToolDefinition } from '#toolcall/tool-definition';

export interface Refusal {
  readonly code: ExecutionErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Whether a tool may run at all. What Patchbay has no rules for yet is refused, never run without them. */
export function admit({ burden, execution, verification }: ToolDefinition): Refusal | undefined {
  if (burden === 'requested' || burden === 'confirmed' || burden === 'verified') {
    return {
      code: 'burden_not_supported',
      message: `Tools of burden \`${burden}\` cannot be run yet`,
      hint: 'Say that you cannot do this yourself, and offer to pass it on.',
    };
  }
  if ((verification?.requires ?? []).length > 0) {
    return {
      code: 'verification_not_supported',
      message: 'Tools that require a verified claim cannot be run yet',
      hint: 'Say that you cannot do this yourself, and offer to pass it on.',
    };
  }
  if (execution?.mode === 'async') {
    return {
      code: 'async_not_supported',
      message: 'Tools that run in the background cannot be run yet',
      hint: 'Say that you cannot do this yourself, and offer to pass it on.',
    };
  }
  return undefined;
}
