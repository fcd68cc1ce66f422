import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { readSetting } from './read-setting.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/**
 * Node's own authorities and those of an operator's PEM file; undefined, which means Node's own, without a file.
 * @throws Error when the file cannot be read, or holds no certificate, or one that is none
 */
export function trustedAuthorities(file: string | undefined): readonly string[] | undefined {
  if (file === undefined) return undefined;
  const certificates = readSetting('EGRESS_CA_FILE', file).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error('EGRESS_CA_FILE names a file without a certificate in PEM');
  const wrong = certificates.findIndex((one) => !isCertificate(one));
  if (wrong >= 0) throw new Error(`EGRESS_CA_FILE: certificate ${wrong + 1} of its file cannot be read`);
  return [...rootCertificates, ...certificates];
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
