import {
  beginAuthorization,
  credentialHealthChanged,
  finishAuthorization,
  getCredential,
  listConnections,
  openCredential,
  startConnection,
  type Connection,
  type Credential,
  type CredentialHealthChanged,
} from '#contracts/vault.contract';
import { authorizationContext, IntakeKey, sealForVault } from '#sealing/intake-key';
import { OAuthServer } from '#testing/oauth-server';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { NEW_KEY, OLD_KEY, RunningVault } from './running-vault.js';

export const ORIGIN = 'https://api.example.com';
export const REDIRECT_URI = 'https://gateway.example.com/v1/oauth/callback';
const random = () => randomBytes(32).toString('base64url');

/** What a gateway and a browser do to connect accounts, and an executor to use them. */
export class Connecting {
  readonly orgId = randomUUID();
  private readonly heard: CredentialHealthChanged[] = [];
  private readonly news = new EventEmitter();

  private constructor(
    readonly vault: RunningVault,
    readonly server: OAuthServer,
  ) {}

  /** An authorization server, and two vaults that may call it. */
  static async start(): Promise<Connecting> {
    const server = await OAuthServer.start();
    const vault = await RunningVault.start();
    vault.egressAllow = server.origin;
    await vault.addInstance(`${NEW_KEY},${OLD_KEY}`);
    await vault.addInstance(`${NEW_KEY},${OLD_KEY}`);
    const us = new Connecting(vault, server);
    vault.link.connection.subscribe(credentialHealthChanged.subject, {
      callback: (_error, message) => {
        us.heard.push(message.json<CredentialHealthChanged>());
        us.news.emit('heard');
      },
    });
    await vault.link.connection.flush();
    return us;
  }

  /** The server as it is at first, and nothing received yet. */
  reset(): void {
    const { server } = this;
    Object.assign(server, { expiresIn: 3600, givesRefreshTokens: true, rotates: true, reuses: 0 });
    Object.assign(server, { iss: undefined, refusal: undefined, fault: undefined, account: 'somebody' });
    Object.assign(server, { clientSecret: 'client-secret-canary' });
    server.forgetRequests();
    server.issued.length = 0;
    server.revoked.length = 0;
  }

  async stop(): Promise<void> {
    await this.vault.stop();
    await this.server.stop();
  }

  /** A new credential, and an account connected to it. */
  async connected(changes?: object, endUser?: string): Promise<string> {
    const { id } = await this.create(changes);
    await this.connect(id, endUser);
    return id;
  }

  get(credentialId: string): Promise<Credential> {
    return this.vault.ask(getCredential, { orgId: this.orgId, credentialId });
  }

  async list(credentialId: string): Promise<Connection[]> {
    return (await this.vault.ask(listConnections, { orgId: this.orgId, credentialId })).items;
  }

  /** The access token's time is over. */
  async end(credentialId: string): Promise<void> {
    const ended = 'UPDATE vault.tokens SET expires_at = now(), refresh_at = now() WHERE credential_id = $1';
    await this.vault.query(ended, [credentialId]);
  }

  /** What was announced of a credential, once so much was. */
  async healthOf(credentialId: string, count: number): Promise<string[]> {
    const ofIt = () => this.heard.filter((one) => one.credentialId === credentialId);
    while (ofIt().length < count) await once(this.news, 'heard');
    return ofIt().map(({ status }) => status);
  }

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
