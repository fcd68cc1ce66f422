import { Ajv2020 } from 'ajv/dist/2020.js';
import { checkDefinition, checkInput } from '../check-definition.js';
import { asSent, normalizeDefinition } from '../normalize-definition.js';
import { problemsFromAjv, type Problem } from '../problem.js';
import { ToolDefinitionInput } from '../tool-definition.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, formats: { uuid } });
const hasForm = ajv.compile<ToolDefinitionInput>(ToolDefinitionInput);

/** What is wrong with a definition's form; quotes nothing of it. */
export function formProblems(definition: unknown): readonly Problem[] {
  return hasForm(definition) ? [] : problemsFromAjv(hasForm.errors ?? [], { showValues: false });
}

/** Everything that would be refused when this is saved as a tool; its credential aside, which is not there yet. */
export function checkTool(definition: unknown): readonly Problem[] {
  if (!hasForm(definition)) return problemsFromAjv(hasForm.errors ?? []);
  const problems = checkInput(definition);
  if (problems.length > 0) return problems;
  return checkDefinition(normalizeDefinition(definition)).map((problem) => asSent(problem, definition));
}
