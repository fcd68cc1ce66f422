import { readLaxPath, readPath, type ValuePath } from '../value-path.js';
import type { ResponseBody } from './read-body.js';

/** What the API answered, without secrets. */
export interface Answer {
  readonly status: number;
  /** The header of a name in lower case; undefined where there is none. */
  readonly header: (name: string) => string | undefined;
  readonly body: ResponseBody;
}

/** What is at a path in a body; undefined where nothing is, and in a body that is empty or cannot be read. */
export function readAnswer(body: ResponseBody, path: ValuePath): unknown {
  if (body.kind !== 'value') return undefined;
  return body.format === 'xml' ? readLaxPath(body.value, path) : readPath(body.value, path);
}
