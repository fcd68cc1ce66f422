import { reservedHeader } from '#toolcall/header-names';

/** Notes one problem of a form; the pointer is within the credential. */
export type Refuse = (pointer: string, code: string, message: string) => void;

const controlCharacter = /\p{Cc}/u;

export function checkHeaderName(pointer: string, name: string, refuse: Refuse): void {
  const why = reservedHeader(name);
  if (why) refuse(pointer, 'not_allowed', `must be a header that a credential can set: ${why}`);
}

export function checkText(pointer: string, text: string, refuse: Refuse): void {
  if (isPlainText(text)) return;
  refuse(pointer, 'wrong_format', 'must be text without line breaks or other control characters');
}

/** A lone surrogate has no UTF-8: what is stored would not be what was entered. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !controlCharacter.test(text);
}
