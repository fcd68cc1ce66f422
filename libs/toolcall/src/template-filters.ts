import type { Filter, FilterArgument, Reference } from './parse-template.js';
import type { Scope } from './scope.js';
import { spokenFilters } from './speech/spoken-filters.js';

/** Where a template stands; some filters make sense in words only. */
export type TemplatePosition = 'path' | 'query' | 'header' | 'body' | 'bind' | 'message';

/** Makes of a value what is written; `undefined` is "there is none". */
export type ApplyFilter = (value: unknown, scope: Scope) => unknown;

export interface FilterRule {
  readonly positions: readonly TemplatePosition[];
  /** What is wrong with the argument, continuing "the filter `money` …"; undefined when nothing is. */
  readonly argumentProblem: (argument: FilterArgument | undefined) => string | undefined;
  readonly compile: (argument: FilterArgument | undefined) => ApplyFilter;
  /** Whether it gives a value where there was none. */
  readonly fillsGaps?: boolean;
}

const everywhere: readonly TemplatePosition[] = ['path', 'query', 'header', 'body', 'bind', 'message'];

/** Every filter there is. */
const rules: Readonly<Record<string, FilterRule>> = {
  /** For a value that is absent or null. Not for an empty text, which is what somebody said. */
  default: {
    positions: everywhere,
    argumentProblem: (argument) =>
      argument === undefined ? 'needs a value: `{{name | default: "x"}}`' : undefined,
    compile: (argument) => (value) => value ?? argument,
    fillsGaps: true,
  },
  ...spokenFilters,
};

/** Why this filter cannot stand there; undefined when it can. */
export function filterProblem({ name, argument }: Filter, position: TemplatePosition): string | undefined {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (!rule?.positions.includes(position)) {
    const known = Object.keys(rules).filter((one) => rules[one]?.positions.includes(position));
    const why = rule ? 'is not for this place' : 'is not known';
    return `the filter \`${name}\` ${why}; here there are: ${known.join(', ')}`;
  }
  const problem = rule.argumentProblem(argument);
  return problem === undefined ? undefined : `the filter \`${name}\` ${problem}`;
}

/** What a reference's filters do, in order; undefined when it has none. @throws Error for a filter that is not known */
export function compileFilters({ filters }: Reference): ApplyFilter | undefined {
  if (!filters) return undefined;
  const steps = filters.map(({ name, argument }) => {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw new Error(`The filter \`${name}\` is not known`);
    return rule.compile(argument);
  });
  return (value, scope) => steps.reduce((result, step) => step(result, scope), value);
}

/** Whether a reference has a value whatever there is: one of its filters gives it. */
export function hasDefault({ filters = [] }: Reference): boolean {
  return filters.some(({ name }) => Object.hasOwn(rules, name) && rules[name]?.fillsGaps);
}
