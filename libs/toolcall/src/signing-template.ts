/** What a canonical string may be made of, each exactly as it is sent. */
export const signedParts = ['method', 'path', 'query', 'body', 'timestamp'] as const;
export type SignedPart = (typeof signedParts)[number];

export type SigningTemplate =
  | { readonly ok: true; readonly pieces: readonly SigningPiece[] }
  | { readonly ok: false; readonly message: string };

/** Text as it stands, or the name of what goes there. */
export type SigningPiece = { readonly text: string } | { readonly part: SignedPart };

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;
const known: ReadonlySet<string> = new Set(signedParts);

/** Reads a template of a string to sign: text and `{{method}}`, `{{path}}`, … */
export function parseSigningTemplate(template: string): SigningTemplate {
  const pieces: SigningPiece[] = [];
  let end = 0;
  for (const found of template.matchAll(placeholder)) {
    const [whole, name = ''] = found;
    if (!known.has(name))
      return { ok: false, message: 'must not name anything but {{' + signedParts.join('}}, {{') + '}}' };
    if (found.index > end) pieces.push({ text: template.slice(end, found.index) });
    pieces.push({ part: name as SignedPart });
    end = found.index + whole.length;
  }
  if (end < template.length) pieces.push({ text: template.slice(end) });
  const hasLoose = pieces.some((piece) => 'text' in piece && /\{\{|\}\}/.test(piece.text));
  return hasLoose ? { ok: false, message: 'has {{ or }} without its other half' } : { ok: true, pieces };
}

/** Whether a template has this part in it. */
export function names(pieces: readonly SigningPiece[], part: SignedPart): boolean {
  return pieces.some((piece) => 'part' in piece && piece.part === part);
}

/** The string to sign. */
export function fillSigningTemplate(
  pieces: readonly SigningPiece[],
  values: Readonly<Record<SignedPart, string>>,
): string {
  return pieces.map((piece) => ('text' in piece ? piece.text : values[piece.part])).join('');
}
