import { ServiceError } from '#contracts/errors';
import { invalidRequest, Validator } from '#contracts/validate';
import { CredentialEdit, CredentialInput } from '#contracts/vault.contract';
import { IntakeKey, intakeContext } from '#sealing/intake-key';
import { SealingError } from '#sealing/sealed-box';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Static, TSchema } from 'typebox';

const hidden = { showValues: false };
const newCredential = new Validator(CredentialInput, hidden);
const editedCredential = new Validator(CredentialEdit, hidden);

/** Reads credentials as they come in: sealed to this vault, since the bus is no place for secrets. */
@Injectable()
export class CredentialIntake {
  private readonly log = new Logger('CredentialIntake');

  constructor(@Inject(IntakeKey) private readonly key: IntakeKey) {}

  /** @throws ServiceError `invalid_request` with pointers below `/credential` */
  readNew(orgId: string, sealed: string): CredentialInput {
    return this.read(orgId, sealed, newCredential);
  }

  /** @throws ServiceError `invalid_request` with pointers below `/credential` */
  readEdit(orgId: string, sealed: string): CredentialEdit {
    return this.read(orgId, sealed, editedCredential);
  }

  private read<Schema extends TSchema>(
    orgId: string,
    sealed: string,
    form: Validator<Schema>,
  ): Static<Schema> {
    const credential = parse(this.open(orgId, sealed));
    const problems = form.problems(credential);
    if (problems.length === 0) return credential as Static<Schema>;
    throw invalidRequest(
      problems.map((problem) => ({ ...problem, pointer: `/credential${problem.pointer}` })),
    );
  }

  private open(orgId: string, sealed: string): Buffer {
    try {
      return this.key.open(sealed, intakeContext(orgId));
    } catch (error) {
      if (!(error instanceof SealingError)) throw error;
      this.log.error(
        'A credential came sealed to another key; is VAULT_PUBLIC_KEY the one of VAULT_INTAKE_KEY?',
      );
      throw new ServiceError('service_unavailable', 'The vault cannot read what was sealed for it');
    }
  }
}

function parse(plaintext: Buffer): unknown {
  try {
    return JSON.parse(plaintext.toString());
  } catch {
    return undefined;
  } finally {
    plaintext.fill(0);
  }
}
