import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { getCredential, getSecret, type Credential } from '#contracts/vault.contract';
import { EgressPolicies } from '#egress/egress-policies';
import { parseTarget } from '#egress/parse-target';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { checkDefinition, checkInput } from '#toolcall/check-definition';
import { asSent, normalizeDefinition } from '#toolcall/normalize-definition';
import { problem, type Problem } from '#toolcall/problem';
import { secretReferences, type SecretReference } from '#toolcall/secret-reference';
import type { ToolDefinition, ToolDefinitionInput } from '#toolcall/tool-definition';
import { parseUrlTemplate } from '#toolcall/url-template';
import { Inject, Injectable } from '@nestjs/common';

/** Says of a pointer into the definition where the request has what is there. */
type PointerOf = (pointer: string) => string;

const belowDefinition: PointerOf = (pointer) => `/definition${pointer}`;

/** Decides what may be saved: a definition that passes will compile, and it and its secrets may go where it points. */
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
    if (problems.length > 0) {
      throw invalidRequest(
        problems.map((problem) => ({ ...problem, pointer: belowDefinition(problem.pointer) })),
      );
    }
    await this.checkCredentials(orgId, definition, deadline);
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

  /** A credential or secret goes only to the origins it was entered for: a tool cannot point it elsewhere. */
  async checkCredentials(
    orgId: string,
    definition: ToolDefinition,
    deadline: Deadline,
    pointerOf: PointerOf = belowDefinition,
  ): Promise<void> {
    const parsed = parseUrlTemplate(definition.request.url);
    const origin = parsed.ok ? parsed.url.origin : '';
    const checks = await Promise.allSettled([
      this.checkCredential(orgId, definition, origin, deadline, pointerOf),
      ...secretReferences(definition).map((reference) =>
        this.checkSecret(orgId, reference, origin, deadline, pointerOf),
      ),
    ]);
    // The first in their order, not the one that was answered first: the same definition is refused in the same words.
    const refused = checks.find((check) => check.status === 'rejected');
    if (refused) throw refused.reason;
  }

  private async checkCredential(
    orgId: string,
    { request: { credentialId } }: ToolDefinition,
    origin: string,
    deadline: Deadline,
    pointerOf: PointerOf,
  ): Promise<void> {
    if (credentialId === undefined) return;
    const pointer = pointerOf('/request/credentialId');
    const credential = await this.rpc
      .call(getCredential, { orgId, credentialId }, { deadline })
      .catch(absent(pointer, 'names no credential of yours'));
    if (credential.type === 'secret') {
      const message = `is the secret \`${credential.reference}\`, which templates name: leave it out, and write \`{{${credential.reference}}}\` where it goes`;
      throw invalidRequest([{ pointer, code: 'not_allowed', message }]);
    }
    checkOrigin(credential, origin, pointer);
  }

  private async checkSecret(
    orgId: string,
    { name, pointer: within }: SecretReference,
    origin: string,
    deadline: Deadline,
    pointerOf: PointerOf,
  ): Promise<void> {
    const pointer = pointerOf(within);
    const message = `names \`${name}\`, which is no argument of this tool and no secret of yours; enter a credential of type \`secret\` of that name first`;
    const secret = await this.rpc
      .call(getSecret, { orgId, reference: name }, { deadline })
      .catch(absent(pointer, message));
    checkOrigin(secret, origin, pointer);
  }
}

function absent(pointer: string, message: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ServiceError) || error.code !== 'credential_not_found') throw error;
    throw invalidRequest([{ pointer, code: 'credential_not_found', message }]);
  };
}

function checkOrigin({ type, name, origins }: Credential, origin: string, pointer: string): void {
  if (type === 'none' || origins.includes(origin)) return;
  const allowed = origins.length > 0 ? origins.join(', ') : 'nowhere yet';
  const message = `The credential \`${name}\` may not be sent to ${origin}; it was entered for: ${allowed}`;
  throw new ServiceError('credential_origin_mismatch', message, {
    problems: [{ pointer, code: 'credential_origin_mismatch', message }],
  });
}
