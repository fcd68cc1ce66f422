import { compile } from '@jmespath-community/jmespath';
import { isReserved } from '../../value-path.js';
import { WorkBudget } from '../work-budget.js';
import { compileCall } from './compile-call.js';
import { isEqual, isFalse } from './values.js';

type Node = ReturnType<typeof compile>;
/** The node whose type is this, or among others this. */
type NodeOf<Type extends Node['type']> = Node extends infer One
  ? One extends { type: infer Types }
    ? Type extends Types
      ? One
      : never
    : never
  : never;

/** Works an expression out on a value. @throws Error when it cannot be, {@link TooMuchWork} among others */
export type Expression = (value: unknown, budget: WorkBudget) => unknown;

export type CompiledExpression =
  { readonly ok: true; readonly find: Expression } | { readonly ok: false; readonly message: string };

const LONGEST = 500;

/**
 * Compiles a JMESPath expression. A kept library reads it; it is worked out here, since no library's interpreter keeps to
 * a budget or to own properties, and an answer is anybody's.
 */
export function compileExpression(text: string): CompiledExpression {
  if (text.length > LONGEST) return { ok: false, message: `is longer than ${LONGEST} characters` };
  try {
    return { ok: true, find: compileNode(compile(text)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'cannot be read';
    return { ok: false, message: `is no JMESPath expression: ${reason}` };
  }
}

function compileNode(node: Node): Expression {
  const run = expressionOf(node);
  return (value, budget) => {
    budget.pay(1);
    return run(value, budget);
  };
}

function expressionOf(node: Node): Expression {
  switch (node.type) {
    case 'Identity':
    case 'Current':
      return (value) => value;
    case 'Literal':
      return () => node.value;
    case 'Field':
      return compileField(node);
    case 'Index':
      return (value) => (Array.isArray(value) ? ((value as unknown[]).at(node.value) ?? null) : null);
    case 'Slice':
      return compileSlice(node);
    case 'Subexpression':
    case 'IndexExpression':
    case 'Pipe':
      return compileChain(node);
    case 'Projection':
      return compileProjection(compileNode(node.left), node.right);
    case 'ValueProjection':
      return compileProjection(valuesOf(compileNode(node.left)), node.right);
    case 'FilterProjection':
      return compileProjection(compileNode(node.left), node.right, node.condition);
    case 'Flatten':
      return compileFlatten(node);
    case 'Comparator':
      return compileComparator(node);
    case 'OrExpression': {
      const [left, right] = [compileNode(node.left), compileNode(node.right)];
      return (value, budget) => {
        const first = left(value, budget);
        return isFalse(first) ? right(value, budget) : first;
      };
    }
    case 'AndExpression': {
      const [left, right] = [compileNode(node.left), compileNode(node.right)];
      return (value, budget) => {
        const first = left(value, budget);
        return isFalse(first) ? first : right(value, budget);
      };
    }
    case 'NotExpression': {
      const child = compileNode(node.child);
      return (value, budget) => isFalse(child(value, budget));
    }
    case 'MultiSelectList': {
      const items = node.children.map(compileNode);
      return (value, budget) => (value === null ? null : items.map((item) => item(value, budget)));
    }
    case 'MultiSelectHash':
      return compileHash(node);
    case 'Function': {
      const { name, children } = node;
      return compileCall(
        name,
        children.map((child) =>
          child.type === 'ExpressionReference'
            ? { isReference: true, find: compileNode(child.child) }
            : { isReference: false, find: compileNode(child) },
        ),
      );
    }
    default:
      throw new Error(`it uses what standard JMESPath does not have (${node.type})`);
  }
}

function compileField({ name }: NodeOf<'Field'>): Expression {
  if (isReserved(name)) throw new Error(`\`${name}\` cannot be part of it`);
  return (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
      ? ((value as Record<string, unknown>)[name] ?? null)
      : null;
}

/** As Python's: `[start:stop:step]`, negative ones from the end. */
function compileSlice({ start, stop, step: given }: NodeOf<'Slice'>): Expression {
  const step = given ?? 1;
  if (step === 0) throw new Error('the step of a slice cannot be 0');
  return (value, budget) => {
    if (!Array.isArray(value)) return null;
    const { length } = value;
    const cap = (at: number) => {
      const fromStart = at < 0 ? at + length : at;
      return step > 0
        ? Math.min(Math.max(fromStart, 0), length)
        : Math.min(Math.max(fromStart, -1), length - 1);
    };
    const first = start === null ? (step > 0 ? 0 : length - 1) : cap(start);
    const last = stop === null ? (step > 0 ? length : -1) : cap(stop);
    const kept: unknown[] = [];
    for (let at = first; step > 0 ? at < last : at > last; at += step) {
      budget.pay(1);
      kept.push(value[at]);
    }
    return kept;
  };
}

function compileChain(node: NodeOf<'Pipe'>): Expression {
  const [left, right] = [compileNode(node.left), compileNode(node.right)];
  const stopsAtNull = node.type === 'Subexpression';
  return (value, budget) => {
    const found = left(value, budget);
    return found === null && stopsAtNull ? null : right(found, budget);
  };
}

function compileProjection(list: Expression, rightNode: Node, conditionNode?: Node): Expression {
  const right = compileNode(rightNode);
  const condition = conditionNode && compileNode(conditionNode);
  return (value, budget) => {
    const items = list(value, budget);
    if (!Array.isArray(items)) return null;
    const kept: unknown[] = [];
    for (const item of items as unknown[]) {
      if (condition && isFalse(condition(item, budget))) continue;
      const found = right(item, budget);
      if (found !== null) kept.push(found);
    }
    return kept;
  };
}

function valuesOf(left: Expression): Expression {
  return (value, budget) => {
    const object = left(value, budget);
    if (typeof object !== 'object' || object === null || Array.isArray(object)) return null;
    const values: unknown[] = Object.values(object);
    budget.payForFields(values.length);
    return values;
  };
}

function compileFlatten(node: NodeOf<'Flatten'>): Expression {
  const child = compileNode(node.child);
  return (value, budget) => {
    const list = child(value, budget);
    if (!Array.isArray(list)) return null;
    for (const item of list as unknown[]) budget.pay(Array.isArray(item) ? item.length : 1);
    return (list as unknown[]).flat();
  };
}

function compileComparator(node: NodeOf<'Comparator'>): Expression {
  const [left, right] = [compileNode(node.left), compileNode(node.right)];
  const { name } = node;
  return (value, budget) => {
    const [a, b] = [left(value, budget), right(value, budget)];
    if (name === 'EQ') return isEqual(a, b, budget);
    if (name === 'NE') return !isEqual(a, b, budget);
    if (typeof a !== 'number' || typeof b !== 'number') return null;
    if (name === 'LT') return a < b;
    if (name === 'LTE') return a <= b;
    return name === 'GT' ? a > b : a >= b;
  };
}

function compileHash({ children }: NodeOf<'MultiSelectHash'>): Expression {
  const pairs = children.map(({ name, value }) => {
    if (isReserved(name)) throw new Error(`\`${name}\` cannot be part of it`);
    return [name, compileNode(value)] as const;
  });
  return (value, budget) => {
    if (value === null) return null;
    const object: Record<string, unknown> = {};
    for (const [name, find] of pairs) object[name] = find(value, budget);
    return object;
  };
}
