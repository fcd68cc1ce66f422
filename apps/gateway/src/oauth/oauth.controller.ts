import { ServiceError, type ErrorCode } from '#contracts/errors';
import { beginAuthorization, finishAuthorization } from '#contracts/vault.contract';
import { toServiceError } from '#messaging/wire';
import { authorizationContext } from '#sealing/intake-key';
import { ERROR_CODE } from '#telemetry/attributes';
import { Controller, Get, Logger, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { randomBytes } from 'node:crypto';
import { Open } from '../auth/allow.decorator.js';
import { GatewayConfig } from '../config.js';
import { httpStatus, isOurFault, success } from '../http-status.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { RequestRate } from '../http/request-rate.js';
import { sealForFlow } from '../seal-credential.js';
import { ServicesClient } from '../services.client.js';
import { FlowCookie } from './flow-cookie.js';
import { connected, refusalPage, toHtml, type FlowPage } from './flow-pages.js';
import { PageFor } from './page-for.decorator.js';
import { PublicAddress } from './public-address.js';

/** Behind a proxy everybody has its address: it is generous, and meant to keep the vault from being flooded. */
const rules = { burst: 60, perSecond: 10, maxAskers: 10_000 };
/** The vault asks the authorization server meanwhile. */
const FINISH_MS = 12_000;
const MOST = { code: 4096, error: 200, iss: 1024 };

/** Where browsers come by: no API key, pages instead of JSON, and every secret of theirs sealed for the vault. */
@ApiTags('Connecting accounts')
@Controller('v1/oauth')
export class OAuthController {
  private readonly log = new Logger('OAuthController');
  private readonly rate = new RequestRate(rules);

  constructor(
    private readonly services: ServicesClient,
    private readonly config: GatewayConfig,
    private readonly address: PublicAddress,
  ) {}

  @Get('connect/:ticket')
  @Open()
  @PageFor({ summary: 'Go on to sign in', path: ['ticket'], redirects: true })
  async connect(@Req() request: GatewayRequest, @Res() response: Response): Promise<void> {
    await this.answer(request, response, async () => {
      const ticket = randomOf(request.params.ticket);
      if (isOnlyLookedAt(request)) throw notOurs(); // a preview would use the link up
      const [state, browser] = [newRandom(), newRandom()];
      const sealed = this.seal({ ticket, state, browser }, 'begin');
      const { redirectUri } = this.address;
      const { authorizationUrl } = await this.services.ask(beginAuthorization, { sealed, redirectUri });
      const url = new URL(authorizationUrl);
      url.searchParams.set('state', state);
      new FlowCookie(state, this.address.isSecure).set(response, browser);
      response.redirect(success.found, url.href);
    });
  }

  @Get('callback')
  @Open()
  @PageFor({ summary: 'Come back from signing in', query: ['state', 'code', 'error', 'iss'] })
  async callback(@Req() request: GatewayRequest, @Res() response: Response): Promise<void> {
    await this.answer(request, response, async () => {
      if (isOnlyLookedAt(request)) throw notOurs();
      const { query } = request;
      const state = randomOf(query.state);
      const cookie = new FlowCookie(state, this.address.isSecure);
      cookie.clear(response);
      const browser = cookie.read(request);
      const answer = {
        state,
        ...(browser !== undefined && isRandom(browser) && { browser }),
        ...textOf('code', query.code),
        ...textOf('error', query.error),
        ...textOf('iss', query.iss),
      };
      const sealed = this.seal(answer, 'finish');
      await this.services.ask(finishAuthorization, { sealed }, { waitMs: FINISH_MS });
      sendPage(response, success.ok, connected);
    });
  }

  private seal(secrets: object, step: 'begin' | 'finish'): string {
    return sealForFlow(this.config.VAULT_PUBLIC_KEY, secrets, authorizationContext(step));
  }

  /** Whatever happens, a person reads of it; nothing of what they sent goes into the page or into a log. */
  private async answer(
    request: GatewayRequest,
    response: Response,
    work: () => Promise<void>,
  ): Promise<void> {
    response.set('Cache-Control', 'no-store');
    try {
      if (!this.rate.take(request.socket.remoteAddress ?? '')) {
        throw new ServiceError('overloaded', 'Too many requests from this address');
      }
      await work();
    } catch (error) {
      const { code } = toServiceError(error);
      this.note(request, code, error);
      if (code === 'overloaded' || code === 'service_unavailable') response.set('Retry-After', '1');
      sendPage(response, httpStatus[code], refusalPage(code));
    }
  }

  private note({ span }: GatewayRequest, code: ErrorCode, error: unknown): void {
    span.set(ERROR_CODE, code);
    if (!isOurFault(code)) return;
    span.fail(code);
    if (code === 'internal') this.log.error(`A browser could not be answered: ${nameOf(error)}`);
  }
}

function sendPage(response: Response, status: number, page: FlowPage): void {
  response.status(status).type('html').send(toHtml(page));
}

/** Whoever only looks at a link, or fetches it in case it is wanted, shall not use it up. */
function isOnlyLookedAt({ method, headers }: GatewayRequest): boolean {
  const purpose = `${String(headers['sec-purpose'] ?? '')} ${String(headers.purpose ?? '')}`;
  return method !== 'GET' || /prefetch|preview/i.test(purpose);
}

function newRandom(): string {
  return randomBytes(32).toString('base64url');
}

function isRandom(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

function randomOf(value: unknown): string {
  if (isRandom(value)) return value;
  throw notOurs();
}

/** One parameter of the query; absent when it is, and refused when it is more than one, or too long. */
function textOf<Name extends keyof typeof MOST>(name: Name, value: unknown): { [name in Name]?: string } {
  if (value === undefined || value === '') return {};
  if (typeof value === 'string' && value.length <= MOST[name])
    return { [name]: value } as { [name in Name]: string };
  throw notOurs();
}

function notOurs(): ServiceError {
  return new ServiceError('invalid_request', 'This is no link of ours');
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
