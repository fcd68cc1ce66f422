import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/**
 * Node's own authorities and those of an operator's PEM file; undefined, which means Node's own, without a file.
 * @throws Error when the file cannot be read
 */
export function trustedAuthorities(file: string | undefined): readonly string[] | undefined {
  return file === undefined ? undefined : [...rootCertificates, readFileSync(file, 'utf8')];
}
