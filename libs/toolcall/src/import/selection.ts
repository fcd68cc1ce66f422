import type { Problem } from '../problem.js';
import { describeFound } from '../problem.js';
import { IMPORT_LIMITS } from './imported.js';

const MOST_LISTED = 30;

/** Which operations of a source are wanted; remembers what there is, to say so when something wanted is not there. */
export class Selection {
  private readonly wanted: readonly string[] | undefined;
  private readonly matched = new Set<number>();
  private readonly offered: string[] = [];
  private taken = 0;

  constructor(operations: readonly string[] | undefined) {
    this.wanted = operations?.map(comparable);
  }

  /** Whether the operation of these names is wanted. The first name is the one it is offered by. */
  takes(names: readonly (string | undefined)[]): boolean {
    const [shown] = names.filter((name) => name !== undefined && name !== '');
    this.offered.push(shown ?? '');
    if (this.wanted === undefined) {
      this.taken += 1;
      return this.taken <= IMPORT_LIMITS.operations;
    }
    const own = names.map((name) => comparable(name ?? '')).filter((name) => name !== '');
    const hits = this.wanted.flatMap((name, index) => (own.includes(name) ? [index] : []));
    for (const hit of hits) this.matched.add(hit);
    if (hits.length > 0) this.taken += 1;
    return hits.length > 0 && this.taken <= IMPORT_LIMITS.operations;
  }

  /** Pointers go into the import request. */
  problems(): Problem[] {
    const list = this.offered.slice(0, MOST_LISTED).join(', ');
    const more = this.offered.length > MOST_LISTED ? `, and ${this.offered.length - MOST_LISTED} more` : '';
    const missing = (this.wanted ?? []).flatMap((name, index): Problem[] =>
      this.matched.has(index)
        ? []
        : [
            {
              pointer: `/operations/${index}`,
              code: 'not_found',
              message: `must be an operation of the source: ${list}${more}`,
              found: describeFound(name),
            },
          ],
    );
    if (this.taken <= IMPORT_LIMITS.operations) return missing;
    const message = `must choose at most ${IMPORT_LIMITS.operations} of ${this.offered.length} operations: ${list}${more}`;
    return [...missing, { pointer: '/operations', code: 'too_large', message }];
  }
}

/** `get /orders/:id` and `GET /orders/{id}` are the same. */
function comparable(name: string): string {
  return name
    .trim()
    .replace(/\{\{?([\w.-]+)\}?\}/g, ':$1')
    .replace(/\s+/g, ' ')
    .toLowerCase();
}
