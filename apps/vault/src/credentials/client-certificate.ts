import type { CertificateSummary, CredentialHealth, Typed } from '#contracts/credential-types.contract';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Refuse } from './form-checks.js';

type Certified = Extract<Typed<string>, { type: 'mtls' }>;

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Whether certificate and key are what a TLS client needs: both readable, one made for the other, not run out. */
export function checkClientCertificate(
  { certificate, privateKey, passphrase }: Certified,
  refuse: Refuse,
  now = new Date(),
): void {
  const chain = readChain(certificate);
  if (!chain) {
    refuse('/certificate', 'wrong_format', 'must be PEM: `-----BEGIN CERTIFICATE-----` and what follows');
  }
  const key = readKey(privateKey, passphrase);
  if (!key) {
    refuse('/privateKey', 'wrong_format', 'must be a private key in PEM that its passphrase, if any, opens');
  }
  const own = chain?.[0];
  if (!chain || !own) return;
  if (key && !own.checkPrivateKey(key)) {
    refuse('/privateKey', 'not_allowed', 'must be the key of the first certificate; it is that of another');
  }
  if (own.validToDate <= now) {
    const ended = own.validToDate.toISOString();
    refuse('/certificate', 'not_allowed', `must not have run out; it was good until ${ended}`);
  }
  for (const [index, one] of chain.slice(0, -1).entries()) {
    const issuer = chain[index + 1];
    if (issuer && !one.checkIssued(issuer)) {
      refuse(
        '/certificate',
        'not_allowed',
        `must be a chain: certificate ${index + 2} did not issue the one before`,
      );
    }
  }
}

/** What may be shown of a certificate. */
export function summaryOf(certificate: string): CertificateSummary | undefined {
  const own = readChain(certificate)?.[0];
  return (
    own && {
      subject: oneLine(own.subject),
      issuer: oneLine(own.issuer),
      notAfter: own.validToDate.toISOString(),
    }
  );
}

/** Whoever owns it should have another by then. */
const EXPIRING_MS = 30 * 24 * 3_600_000;

export function certificateHealth({ notAfter }: CertificateSummary, now: number): CredentialHealth {
  const leftMs = Date.parse(notAfter) - now;
  const ending = leftMs <= EXPIRING_MS ? 'expiring' : 'active';
  return { status: leftMs <= 0 ? 'expired' : ending, expiresAt: notAfter };
}

function readChain(pem: string): X509Certificate[] | undefined {
  try {
    const chain = (pem.match(block) ?? []).map((one) => new X509Certificate(one));
    return chain.length > 0 && pem.replaceAll(block, '').trim() === '' ? chain : undefined;
  } catch {
    return undefined;
  }
}

function readKey(pem: string, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    return undefined;
  }
}

function oneLine(name: string): string {
  return name.split('\n').join(', ');
}
