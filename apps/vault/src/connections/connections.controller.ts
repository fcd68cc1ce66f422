import type { Done } from '#contracts/common.contract';
import {
  AuthorizationAnswer,
  AuthorizationStart,
  AuthorizationTicket,
  beginAuthorization,
  deleteConnection,
  finishAuthorization,
  listConnections,
  startConnection,
  type BeginAuthorization,
  type BegunAuthorization,
  type ConnectionPage,
  type DeleteConnection,
  type FinishAuthorization,
  type ListConnections,
  type StartConnection,
  type StartedConnection,
} from '#contracts/vault.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { authorizationContext, IntakeKey } from '#sealing/intake-key';
import { Inject } from '@nestjs/common';
import { AccessLog, GATEWAY } from '../accesses/access-log.service.js';
import { Authorizations } from './authorizations.service.js';
import { Connections } from './connections.service.js';
import { SealedFlow } from './sealed-flow.js';

const tickets = new SealedFlow(AuthorizationTicket);
const starts = new SealedFlow(AuthorizationStart);
const answers = new SealedFlow(AuthorizationAnswer);

@RpcController()
export class ConnectionsController {
  constructor(
    @Inject(Connections) private readonly connections: Connections,
    @Inject(Authorizations) private readonly authorizations: Authorizations,
    @Inject(IntakeKey) private readonly key: IntakeKey,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  @Handles(startConnection)
  start({ sealed, actor = GATEWAY, ...request }: StartConnection): Promise<StartedConnection> {
    const { orgId, credentialId } = request;
    return this.accesses.noteFailure({ action: 'connect', orgId, credentialId, actor }, async () => {
      const context = authorizationContext('start', orgId, credentialId);
      return this.connections.start(request, tickets.read(this.key, sealed, context).ticket, actor);
    });
  }

  @Handles(listConnections)
  list(request: ListConnections): Promise<ConnectionPage> {
    return this.connections.list(request);
  }

  @Handles(deleteConnection)
  async remove({ actor = GATEWAY, ...request }: DeleteConnection): Promise<Done> {
    const { orgId, credentialId } = request;
    await this.accesses.noteFailure({ action: 'disconnect', orgId, credentialId, actor }, () =>
      this.connections.remove(request, actor),
    );
    return { done: true };
  }

  @Handles(beginAuthorization)
  async begin({ sealed, redirectUri }: BeginAuthorization): Promise<BegunAuthorization> {
    const start = starts.read(this.key, sealed, authorizationContext('begin'));
    return { authorizationUrl: await this.authorizations.begin(start, redirectUri) };
  }

  @Handles(finishAuthorization)
  async finish({ sealed }: FinishAuthorization): Promise<Done> {
    await this.authorizations.finish(answers.read(this.key, sealed, authorizationContext('finish')));
    return { done: true };
  }
}
