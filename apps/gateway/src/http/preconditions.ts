import { ServiceError } from '#contracts/errors';

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const NUMBER = /^[1-9][0-9]{0,14}$/;

/** The strong entity tag of something that is told apart by a number. */
export function entityTag(number: number): string {
  return `"${number}"`;
}

/** Whether who asks has what this tag names, by its `If-None-Match`: a list of tags, weak ones included, or `*`. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(tag) || known.includes('*');
}

/**
 * The number that `If-Match` insists on; undefined when any will do.
 * @throws ServiceError `precondition_failed` for a tag that none of ours can be equal to
 */
export function numberFromIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tag = ENTITY_TAG.exec(header.trim());
  if (!tag) throw new ServiceError('invalid_request', 'If-Match must be `*` or one entity tag, such as "3"');
  const [, weak, text = ''] = tag;
  if (weak !== undefined || !NUMBER.test(text)) throw mismatch(); // RFC 9110 13.1.1: a weak tag never matches
  return Number(text);
}

export function mismatch(): ServiceError {
  return new ServiceError('precondition_failed', 'It has changed since; get it again and repeat the change');
}
