import { ServiceError } from '#contracts/errors';
import { Validator } from '#contracts/validate';
import type { IntakeKey } from '#sealing/intake-key';
import { SealingError } from '#sealing/sealed-box';
import { Logger } from '@nestjs/common';
import type { Static, TSchema } from 'typebox';

const log = new Logger('SealedFlow');

/** Reads the secrets of an authorization that a gateway has sealed. */
export class SealedFlow<Schema extends TSchema> {
  private readonly validator: Validator<Schema>;

  constructor(schema: Schema) {
    this.validator = new Validator(schema, { showValues: false });
  }

  /** @throws ServiceError `invalid_request`, or `service_unavailable` when it is sealed to another key */
  read(key: IntakeKey, sealed: string, context: string): Static<Schema> {
    const value = parse(open(key, sealed, context));
    this.validator.assert(value);
    return value;
  }
}

function open(key: IntakeKey, sealed: string, context: string): Buffer {
  try {
    return key.open(sealed, context);
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    log.error(
      'An authorization came sealed to another key; is VAULT_PUBLIC_KEY the one of VAULT_INTAKE_KEY?',
    );
    throw new ServiceError('service_unavailable', 'The vault cannot read what was sealed for it');
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
