import type { ExportTools, ToolExport } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { getCredential, type Credential } from '#contracts/vault.contract';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { applyEnvironment } from '#toolcall/apply-environment';
import { describeTool } from '#toolcall/describe/describe-tool';
import { openApiDocument } from '#toolcall/openapi/openapi-document';
import type { CredentialSlot, CredentialUse } from '#toolcall/openapi/openapi-security';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { EnvironmentsService } from '../environments/environments.service.js';
import { inTurns } from './in-turns.js';
import { ResolutionService } from './resolution.service.js';

/** Tools to be taken elsewhere: as definitions, as function schemas, as a description of the requests they make. */
@Injectable()
export class ExportService {
  constructor(
    private readonly resolution: ResolutionService,
    private readonly environments: EnvironmentsService,
    private readonly rpc: RpcClient,
  ) {}

  /** @throws ServiceError what the vault throws, which knows how each credential goes into a request */
  async export(request: ExportTools, deadline: Deadline): Promise<ToolExport> {
    const { orgId, environment = 'production', format = 'patchbay' } = request;
    const definitions = await this.resolution.definitions(orgId, request);
    // As they are stored, so that importing them gives the same: an environment is no part of a definition.
    if (format === 'patchbay') return { format, tools: definitions };
    if (format !== 'openapi') {
      return { format, tools: await inTurns(definitions, (definition) => describeTool(definition, format)) };
    }
    const rows = await this.environments.findAll(orgId, environment);
    const placed = definitions.map((one) => applyEnvironment(one, rows.get(one.key) ?? {}));
    return { format, document: openApiDocument(placed, await this.slotsOf(orgId, placed, deadline)) };
  }

  private async slotsOf(
    orgId: string,
    definitions: readonly ToolDefinition[],
    deadline: Deadline,
  ): Promise<Map<string, CredentialSlot>> {
    const slots = new Map<string, CredentialSlot>();
    for (const credentialId of new Set(definitions.map(({ request }) => request.credentialId))) {
      if (credentialId === undefined) continue;
      const credential = await this.rpc
        .call(getCredential, { orgId, credentialId }, { deadline })
        .catch(undefinedWhenGone);
      if (credential) slots.set(credentialId, { name: credential.name, use: useOf(credential) });
    }
    return slots;
  }
}

/** A tool may name a credential that was deleted since; it is refused when it runs, and can be exported. */
function undefinedWhenGone(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'credential_not_found') throw error;
}

function useOf(credential: Credential): CredentialUse {
  switch (credential.type) {
    case 'api_key':
      return { type: 'api_key', in: credential.in, parameter: credential.parameter };
    case 'headers':
      return { type: 'headers', names: credential.headers.map(({ name }) => name) };
    case 'hmac':
      return { type: 'hmac', header: credential.signature?.header ?? 'webhook-signature' };
    case 'oauth2_client_credentials':
    case 'oauth2_authorization_code': {
      const { tokenUrl, scope = '' } = credential;
      const where = 'authorizationUrl' in credential && { authorizationUrl: credential.authorizationUrl };
      return { type: 'oauth2', tokenUrl, ...where, scopes: scope.split(' ').filter((one) => one !== '') };
    }
    case 'secret': // it is in no place of its own
      return { type: 'none' };
    case 'oauth2_jwt_bearer': // OpenAPI has no flow for it
      return { type: 'bearer' };
    case 'none':
    case 'bearer':
    case 'basic':
    case 'aws_sigv4':
    case 'mtls':
      return { type: credential.type };
  }
}
