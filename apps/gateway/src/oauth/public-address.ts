import { ServiceError } from '#contracts/errors';
import { Injectable } from '@nestjs/common';
import { GatewayConfig } from '../config.js';

/** Where browsers reach this gateway: what links and redirect URIs are made of. */
@Injectable()
export class PublicAddress {
  constructor(private readonly config: GatewayConfig) {}

  get isSecure(): boolean {
    return this.origin.startsWith('https:');
  }

  /** What the authorization server has to have registered for the client. */
  get redirectUri(): string {
    return `${this.origin}/v1/oauth/callback`;
  }

  connectUrl(ticket: string): string {
    return `${this.origin}/v1/oauth/connect/${ticket}`;
  }

  /** @throws ServiceError `service_unavailable` when the operator has not said */
  private get origin(): string {
    const { PUBLIC_URL } = this.config;
    if (PUBLIC_URL !== undefined) return PUBLIC_URL;
    const message =
      'No account can be connected: the operator has not set PUBLIC_URL, where browsers reach this gateway';
    throw new ServiceError('service_unavailable', message);
  }
}
