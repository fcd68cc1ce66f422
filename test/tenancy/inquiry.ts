import { mix, subsets, type Field, type Names } from './names.js';
import type { Answer, Probe } from './probe.js';

/** Names that one lane of the inquiry asks with; nobody else asks with them, so nothing else changes what they mean. */
export interface Lane {
  /** The other organization's. */
  readonly theirs: Names;
  /** Nobody's, to be told from theirs by nothing. */
  readonly nobodys: Names;
  /** Our own, beside theirs in the same request. */
  readonly ours: Names;
  /** The same for requests with nobody's names. */
  readonly alsoOurs: Names;
}

export interface Findings {
  count: number;
  /** What of the other organization came back. */
  readonly leaks: Set<string>;
  /** Where theirs is answered otherwise than what never existed. */
  readonly differences: Set<string>;
}

/** What only the other organization knows. */
export interface Hidden {
  /** Never asked with, never to be answered. */
  readonly secrets: readonly string[];
  /** Names that have not been asked with yet: until then, they are not to be answered either. */
  readonly names: Set<string>;
}

/**
 * Asks in order: each request with some of their names, then the same with nobody's. Both go through the same history,
 * so their answers are the same but for the names.
 */
export async function inquire(
  probes: readonly Probe[],
  lane: Lane,
  hidden: Hidden,
  findings: Findings,
): Promise<void> {
  const { theirs, nobodys, ours, alsoOurs } = lane;
  for (const probe of probes) {
    for (const taken of probe.fields.length > 0 ? subsets(probe.fields) : [[]]) {
      const names = mix(ours, theirs, taken);
      for (const field of taken) hidden.names.delete(theirs[field]);
      const answer = await ask(probe, names);
      const what = `${probe.what} naming their ${taken.join(', ')}`;
      findings.count += 1;
      for (const leak of leaksIn(answer, hidden)) findings.leaks.add(`${what}: ${leak}`);
      if (taken.length === 0) continue;
      const other = await ask(probe, mix(alsoOurs, nobodys, taken));
      findings.count += 1;
      const difference = compare(
        { answer, taken: only(theirs, taken), known: [theirs, ours] },
        { answer: other, taken: only(nobodys, taken), known: [nobodys, alsoOurs] },
      );
      if (difference !== undefined) findings.differences.add(`${what}: ${difference}`);
    }
  }
}

const only = (names: Names, taken: readonly Field[]) =>
  Object.fromEntries(taken.map((field) => [field, names[field]]));

/** @returns also what stands for no answer at all */
export async function ask(probe: Probe, names: Names): Promise<Answer> {
  try {
    return await probe.send(names);
  } catch (error) {
    return { status: 'no answer', text: String(error) };
  }
}

function leaksIn({ text }: Answer, { secrets, names }: Hidden): string[] {
  return [...secrets, ...names]
    .filter((secret) => text.includes(secret))
    .map((secret) => around(text, text.indexOf(secret)));
}

interface Asked {
  readonly answer: Answer;
  readonly taken: Partial<Names>;
  readonly known: readonly Names[];
}

/** Where the answers differ once names, ids and times are the same; undefined where they do not. */
function compare(one: Asked, other: Asked): string | undefined {
  // What lists everything of ours lists both our own names, in the order of names: there only what was taken differs.
  const isSame = plain(one.answer, [one.taken]) === plain(other.answer, [other.taken]);
  const [seen, expected] = [plain(one.answer, one.known), plain(other.answer, other.known)];
  if (isSame || seen === expected) return undefined;
  let at = 0;
  while (seen[at] === expected[at]) at += 1;
  return `${around(seen, at)} but for nobody's: ${around(expected, at)}`;
}

const around = (text: string, at: number) =>
  `${text.slice(0, 40)} … ${text.slice(Math.max(0, at - 80), at + 80)}`;

/** The answer without names, ids and times: what there is to be told apart. */
function plain({ status, text }: Answer, known: readonly Partial<Names>[]): string {
  let result = text;
  for (const names of known) {
    for (const [field, name] of Object.entries(names)) {
      for (const form of new Set([name, encodeURIComponent(name)]))
        result = result.replaceAll(form, `<${field}>`);
    }
  }
  result = result
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT/g, '<time>')
    .replace(/"(\w+Ms)":[\d.]+/g, '"$1":0')
    .replace(/"(traceId|sealed|grant|cursor|nextCursor)":"[^"]+"/g, '"$1":"…"')
    .replace(/"seq":\d+/g, '"seq":0')
    .replace(/(pbk_|\/connect\/)[\w-]{43}/g, '$1…');
  return `${status} ${result}`;
}
