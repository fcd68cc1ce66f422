/**
 * The bytes of a base64url text; undefined unless it is the one canonical spelling of them (no padding, no stray
 * bits, nothing skipped), so that two different texts are never the same record.
 */
export function decodeBase64Url(text: string, expectedBytes?: number): Buffer | undefined {
  return decodeExactly(text, 'base64url', expectedBytes);
}

/** A 32-byte key as `openssl rand -base64 32` writes it: 44 characters of padded base64; undefined otherwise. */
export function decodeKey(base64: string): Buffer | undefined {
  return decodeExactly(base64, 'base64', 32);
}

function decodeExactly(
  text: string,
  encoding: 'base64' | 'base64url',
  expectedBytes?: number,
): Buffer | undefined {
  const bytes = Buffer.from(text, encoding); // skips what it does not know, hence the comparison
  if (bytes.toString(encoding) !== text) return undefined;
  return expectedBytes === undefined || bytes.length === expectedBytes ? bytes : undefined;
}
