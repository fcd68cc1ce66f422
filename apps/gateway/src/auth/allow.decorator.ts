import { SetMetadata } from '@nestjs/common';
import type { Role } from './roles.js';

export const ALLOWED = Symbol('allowed');

/** Who may use the route, directly or by a role that includes theirs. A route without it is open to nobody. */
export const Allow = (...allowed: [Role, ...Role[]]): MethodDecorator => SetMetadata(ALLOWED, allowed);

export const OPEN = Symbol('open');

/** For browsers of people who have no API key; what they bring with them is checked by the route itself. */
export const Open = (): MethodDecorator => SetMetadata(OPEN, true);

export const FOR_OPERATOR = Symbol('for the operator');

/** For whoever runs the deployment: no organization's API key, whatever its role, is enough. */
export const ForOperator = (): MethodDecorator => SetMetadata(FOR_OPERATOR, true);
