import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal, renderAnswer, type Answer } from './answer.js';
import { appointmentRoutes } from './appointments.js';
import { authenticate, demoSecrets, type Secrets } from './auth.js';
import { BusinessData } from './business-data.js';
import { answerControl, controlPrefix } from './control.js';
import { customerRoutes } from './customers.js';
import { faultInHeader, Faults, type Fault, type FaultRule } from './faults.js';
import { IdempotentAnswers } from './idempotent-answers.js';
import { inventoryRoutes } from './inventory.js';
import { misbehave } from './misbehave.js';
import { officeRoutes } from './office.js';
import { orderRoutes } from './orders.js';
import { RequestLog, type RecordedRequest } from './request-log.js';
import { ApiRequest, readUpload } from './request.js';
import { findRoute, makeCall, type Route } from './router.js';
import { ticketRoutes } from './tickets.js';

export interface BusinessApiOptions {
  /** Any free port when absent or taken. */
  readonly port?: number;
  readonly host?: string;
  /** Each takes the place of its demo secret. */
  readonly secrets?: Partial<Secrets>;
  /** Whether `/_control` and `X-Sample-Fault` are heeded. On unless said otherwise. */
  readonly control?: boolean;
  /** How long `/reports/generate` takes; two seconds unless said otherwise. */
  readonly reportMs?: number;
}

export interface BusinessApi {
  readonly url: string;
  readonly port: number;
  readonly secrets: Secrets;
  /** The latest thousand requests, oldest first; those to `/health` and `/_control` are left out. */
  readonly requests: readonly RecordedRequest[];
  clearRequests(): void;
  addFault(rule: FaultRule): void;
  clearFaults(): void;
  reset(): void;
  /** Ends every connection, the hanging ones too. */
  close(): Promise<void>;
}

const maxBodyBytes = 1_048_576;
const maxRecordedRequests = 1000;

/** Starts the sample API in this process. */
export async function startBusinessApi(options: BusinessApiOptions = {}): Promise<BusinessApi> {
  const host = options.host ?? '127.0.0.1';
  const closing = new AbortController();
  const app = new App(options, closing.signal);
  const server = createServer((message, response) => {
    app.serve(message, response).catch(() => response.destroy());
  });
  await listen(server, options.port ?? 0, host);
  server.on('error', () => undefined); // one connection that could not be accepted
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    secrets: app.secrets,
    get requests() {
      return app.requests.list();
    },
    clearRequests: () => app.requests.clear(),
    addFault: (rule) => app.faults.add(rule),
    clearFaults: () => app.faults.clear(),
    reset: () => app.reset(),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class App {
  readonly secrets: Secrets;
  readonly faults = new Faults();
  readonly requests = new RequestLog(maxRecordedRequests);
  private readonly data = new BusinessData();
  private readonly answers = new IdempotentAnswers();
  private readonly routes: readonly Route[];
  private readonly isControlled: boolean;

  constructor(
    { secrets, control = true, reportMs = 2000 }: BusinessApiOptions,
    private readonly closing: AbortSignal,
  ) {
    this.secrets = { ...demoSecrets, ...secrets };
    this.isControlled = control;
    this.routes = [
      ...customerRoutes(this.data),
      ...orderRoutes(this.data),
      ...appointmentRoutes(this.data),
      ...ticketRoutes(this.data),
      ...inventoryRoutes(this.data),
      ...officeRoutes(this.data, { reportMs }),
    ];
  }

  readonly reset = (): void => {
    this.data.reset();
    this.answers.clear();
    this.faults.clear();
    this.requests.clear();
  };

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const clientLeft = new AbortController();
    response.once('close', () => clientLeft.abort());

    const upload = await readUpload(message, maxBodyBytes);
    const request = new ApiRequest(message, upload.bytes, this.closing);
    const isControl = this.isControlled && isUnder(controlPrefix, request.path);
    if (!isControl && request.path !== '/health') this.requests.record(request, upload, response);
    if (upload.ending === 'cut') return;
    try {
      if (upload.ending === 'too_large') throw bodyTooLarge(message);
      if (isControl) send(response, answerControl(this, request));
      else await this.answer(request, response, clientLeft.signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, error.toAnswer());
    }
  }

  private async answer(
    request: ApiRequest,
    response: ServerResponse,
    clientLeft: AbortSignal,
  ): Promise<void> {
    const run = () => refusalsAsAnswers(() => this.carryOut(request));
    const fault = this.takeFault(request);
    if (fault) await misbehave(fault, request, response, run, clientLeft);
    else send(response, await run());
  }

  private takeFault(request: ApiRequest): Fault | undefined {
    const own = this.isControlled ? faultInHeader(request.header('x-sample-fault')) : undefined;
    return own ?? this.faults.take(request.method, request.path);
  }

  private async carryOut(request: ApiRequest): Promise<Answer> {
    const { route, params } = findRoute(this.routes, request);
    authenticate(route.auth, request, this.secrets);
    const call = makeCall(request, params);
    return this.answers.once(request, () => refusalsAsAnswers(() => route.handle(call)));
  }
}

/** The answer, or the one that goes with what was thrown. */
async function refusalsAsAnswers(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'The sample API failed.');
    return refusal.toAnswer();
  }
}

function bodyTooLarge(message: IncomingMessage): Refusal {
  message.resume(); // read on, or the client never gets to hear it
  return new Refusal(413, `A body has at most ${maxBodyBytes} bytes.`, { headers: { Connection: 'close' } });
}

function send(response: ServerResponse, answer: Answer): void {
  const { status, headers, bytes } = renderAnswer(answer);
  response.writeHead(status, headers).end(bytes);
}

function isUnder(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Listens on the port, or on any free one when it is taken. */
async function listen(server: Server, port: number, host: string): Promise<void> {
  const attempt = (one: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(one, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  await attempt(port).catch((error: unknown) => {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return attempt(0);
  });
}
