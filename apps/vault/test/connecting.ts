import {
  beginAuthorization,
  finishAuthorization,
  openCredential,
  startConnection,
  type Credential,
} from '#contracts/vault.contract';
import { authorizationContext, IntakeKey, sealForVault } from '#sealing/intake-key';
import type { OAuthServer } from '#testing/oauth-server';
import { randomBytes } from 'node:crypto';
import type { RunningVault } from './running-vault.js';

export const ORIGIN = 'https://api.example.com';
export const REDIRECT_URI = 'https://gateway.example.com/v1/oauth/callback';
const random = () => randomBytes(32).toString('base64url');

/** What a gateway and a browser do to connect accounts, and an executor to use them. */
export class Connecting {
  constructor(
    private readonly vault: RunningVault,
    private readonly server: OAuthServer,
    readonly orgId: string,
  ) {}

  form(changes: object = {}) {
    return {
      ...{ type: 'oauth2_authorization_code', name: 'Calendar', origins: [ORIGIN], scope: 'read write' },
      ...{ ...this.server.endpoints, clientId: this.server.clientId, connectedBy: 'organization' },
      ...(this.server.clientSecret !== undefined && { clientSecret: this.server.clientSecret }),
      ...changes,
    };
  }

  create(changes: object = {}): Promise<Credential> {
    return this.vault.create(this.orgId, this.form(changes));
  }

  async start(credentialId: string, endUser?: string): Promise<string> {
    const { orgId } = this;
    const ticket = random();
    const sealed = this.seal({ ticket }, authorizationContext('start', orgId, credentialId));
    const actor = { type: 'api_key', id: 'key-1' } as const;
    await this.vault.ask(startConnection, {
      orgId,
      credentialId,
      sealed,
      actor,
      ...(endUser && { endUser }),
    });
    return ticket;
  }

  async begin(ticket: string): Promise<{ state: string; browser: string; url: URL }> {
    const [state, browser] = [random(), random()];
    const sealed = this.seal({ ticket, state, browser }, authorizationContext('begin'));
    const { authorizationUrl } = await this.vault.ask(beginAuthorization, {
      sealed,
      redirectUri: REDIRECT_URI,
    });
    const url = new URL(authorizationUrl);
    url.searchParams.set('state', state);
    return { state, browser, url };
  }

  /** What the browser comes back with, once whoever it is has signed in. */
  async signIn(url: URL): Promise<Record<string, string>> {
    const { headers } = await fetch(url, { redirect: 'manual' });
    return Object.fromEntries(new URL(headers.get('location') ?? '').searchParams);
  }

  async finish(answer: object): Promise<void> {
    await this.vault.ask(finishAuthorization, { sealed: this.seal(answer, authorizationContext('finish')) });
  }

  /** The whole of it. */
  async connect(credentialId: string, endUser?: string): Promise<void> {
    const { url, browser } = await this.begin(await this.start(credentialId, endUser));
    await this.finish({ ...(await this.signIn(url)), browser });
  }

  async open(credentialId: string, options: { endUser?: string; refresh?: number } = {}) {
    const { orgId } = this;
    const request = { ...this.vault.opening(orgId, credentialId, ORIGIN), ...options };
    const opened = await this.vault.ask(openCredential, request);
    const secret = this.vault.unseal(opened, orgId, credentialId);
    if (secret.type !== 'bearer') throw new Error(`Opened as ${secret.type}`);
    return { token: secret.token, ...opened.token };
  }

  private seal(value: object, context: string): string {
    const { publicKey } = new IntakeKey(this.vault.intakeKey);
    return sealForVault(publicKey, Buffer.from(JSON.stringify(value)), context);
  }
}
