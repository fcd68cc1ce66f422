/** Why no connection came about; nothing of the request has left. The message is for operators. */
export class ConnectError extends Error {
  // undici connects again, for ever, on errors whose code says UND_ERR_SOCKET or UND_ERR_INFO: ours must not.
  readonly code = 'EGRESS_CONNECT';

  constructor(
    readonly reason: 'refused' | 'dns' | 'connect' | 'tls' | 'proxy',
    message: string,
  ) {
    super(message);
    this.name = 'ConnectError';
  }
}

/** The message of an error; those of its parts when several addresses failed, each in its own way. */
export function describeError(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: readonly Error[] };
  return errors?.map((one) => one.message).join('; ') ?? message ?? 'failed';
}
