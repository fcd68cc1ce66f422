import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { getCredential } from '#contracts/vault.contract';
import { EgressPolicies } from '#egress/egress-policies';
import { parseTarget } from '#egress/parse-target';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { checkDefinition, checkInput } from '#toolcall/check-definition';
import { asSent, normalizeDefinition } from '#toolcall/normalize-definition';
import { problem, type Problem } from '#toolcall/problem';
import type { ToolDefinition, ToolDefinitionInput } from '#toolcall/tool-definition';
import { parseUrlTemplate } from '#toolcall/url-template';
import { Inject, Injectable } from '@nestjs/common';

/** Decides what may be saved: a definition that passes will compile, and it and its credential may go where it points. */
@Injectable()
export class DefinitionGate {
  constructor(
    private readonly rpc: RpcClient,
    @Inject(EgressPolicies) private readonly policies: EgressPolicies,
  ) {}

  /**
   * @returns the definition in normal form
   * @throws ServiceError `invalid_request` with every problem, `credential_origin_mismatch`, or what the vault answers
   */
  async admit(orgId: string, input: ToolDefinitionInput, deadline: Deadline): Promise<ToolDefinition> {
    const definition = normalizeDefinition(input);
    const problems = [
      ...checkInput(input),
      ...[...checkDefinition(definition), ...this.checkDestination(orgId, definition)].map((one) =>
        asSent(one, input),
      ),
    ];
    if (problems.length > 0) throw invalidRequest(problems.map(belowDefinition));
    await this.checkCredential(orgId, definition, deadline);
    return definition;
  }

  /**
   * What the operator's policy has against where a definition points, as far as its URL tells: what a name resolves
   * to is seen at each execution. A policy may also change later, so an executor judges this again.
   */
  checkDestination(orgId: string, { request: { url } }: ToolDefinition): Problem[] {
    const [origin] = /^https?:\/\/[^/?#]+/i.exec(url) ?? [];
    if (origin === undefined || !parseUrlTemplate(origin).ok) return []; // said by the definition's own check
    const target = parseTarget(`${origin}/`, this.policies.of(orgId));
    return target.ok
      ? []
      : [problem('/request/url', 'not_allowed', `may not be called. ${target.message}`, url)];
  }

  /**
   * A credential goes only to the origins it was entered for: a tool cannot point it elsewhere.
   * @param pointer where the request says which credential
   */
  async checkCredential(
    orgId: string,
    definition: ToolDefinition,
    deadline: Deadline,
    pointer = '/definition/request/credentialId',
  ): Promise<void> {
    const { credentialId, url } = definition.request;
    if (credentialId === undefined) return;
    const credential = await this.rpc
      .call(getCredential, { orgId, credentialId }, { deadline })
      .catch((error: unknown) => {
        if (!(error instanceof ServiceError) || error.code !== 'credential_not_found') throw error;
        throw invalidRequest([
          { pointer, code: 'credential_not_found', message: 'names no credential of yours' },
        ]);
      });
    const parsed = parseUrlTemplate(url);
    const origin = parsed.ok ? parsed.url.origin : '';
    if (credential.type === 'none' || credential.origins.includes(origin)) return;
    const allowed = credential.origins.length > 0 ? credential.origins.join(', ') : 'nowhere yet';
    const message = `The credential \`${credential.name}\` may not be sent to ${origin}; it was entered for: ${allowed}`;
    throw new ServiceError('credential_origin_mismatch', message, {
      problems: [{ pointer, code: 'credential_origin_mismatch', message }],
    });
  }
}

function belowDefinition(problem: Problem): Problem {
  return { ...problem, pointer: `/definition${problem.pointer}` };
}
