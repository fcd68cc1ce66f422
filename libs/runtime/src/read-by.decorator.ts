import { ValidateBy } from 'class-validator';

/**
 * For a variable that something else reads: it is right when `read` takes it. Else the error that `read` throws goes into
 * the refusal, so it must name the variable, and quote no secret.
 */
export function ReadBy(read: (text: string) => unknown): PropertyDecorator {
  const problemOf = (value: unknown) => {
    try {
      read(String(value));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return ValidateBy({
    name: 'readBy',
    validator: {
      validate: (value: unknown) => problemOf(value) === undefined,
      defaultMessage: (about) => problemOf(about?.value) ?? '',
    },
  });
}
