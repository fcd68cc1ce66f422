import type { NotAllowed } from '#toolcall/call-variables';
import type { Prepared } from '#toolcall/compile-tool';
import { inputRequired, refused, type Ending } from '../execution/ending.js';

/** An argument that is not among the values an earlier tool of the call returned. */
export function notAllowed(
  { reason, argument, path, variable }: NotAllowed,
  callId: string | undefined,
): Ending {
  if (callId === undefined) {
    const missing = [{ name: variable, description: 'Returned by an earlier tool of the same call' }];
    return notPrepared({ ok: false, missing, missingCallVariables: [variable] }, callId);
  }
  if (reason === 'absent') {
    return refused({
      code: 'call_variable_missing',
      message: `\`${argument}\` has to be one of \`${path}\`, and no tool of this call has returned \`${variable}\``,
      hint: `First use the tool that looks up \`${variable}\`, then try again with one of the values it returns.`,
    });
  }
  return refused({
    code: 'argument_not_allowed',
    message: `\`${argument}\` is not among \`${path}\`, as tools of this call have returned them`,
    hint: `Use one of the values that an earlier tool returned for \`${path}\`, after checking with the caller which one is meant. Do not use any other.`,
  });
}

/** A request that could not be rendered: an argument is missing, or what only another tool of the call can supply. */
export function notPrepared(
  { missing, missingCallVariables }: Extract<Prepared, { ok: false }>,
  callId: string | undefined,
): Ending {
  const ending = inputRequired(missing);
  if (missingCallVariables.length === 0 || !ending.error) return ending;
  const names = missingCallVariables.map((name) => `\`${name}\``).join(', ');
  const asked = missing.length > missingCallVariables.length ? ` ${ending.error.hint ?? ''}` : '';
  const hint =
    callId === undefined
      ? `This works within a call only, whose tools have returned ${names}.${asked}`
      : `First use the tool that returns ${names}, then try again.${asked}`;
  return { ...ending, error: { ...ending.error, hint } };
}
