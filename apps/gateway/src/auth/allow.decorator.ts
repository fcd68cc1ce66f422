import { SetMetadata } from '@nestjs/common';
import type { Role } from './roles.js';

export const ALLOWED = Symbol('allowed');

/** Who may use the route, directly or by a role that includes theirs. A route without it is open to nobody. */
export const Allow = (...allowed: [Role, ...Role[]]): MethodDecorator => SetMetadata(ALLOWED, allowed);
