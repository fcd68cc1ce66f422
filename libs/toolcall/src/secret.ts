import { inspect } from 'node:util';

/** A value that cannot be printed. `reveal()` is where to look for who may see it. */
export class Secret {
  constructor(private readonly value: string) {}

  reveal(): string {
    return this.value;
  }

  toJSON(): string {
    return '[secret]';
  }

  toString(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** What stands for a secret that a template names, wherever the request is shown. */
export function standInFor({ name }: { readonly name: string }): string {
  return `‹secret: ${name}›`;
}
