import { ServiceError } from '#contracts/errors';
import type { NextFunction, Request, Response } from 'express';
import { inFlight } from './gateway.metrics.js';

/** Refuses what comes on top of so many requests under way: each holds a body and a wait. */
export function limitRequests(maxInFlight: number) {
  let underWay = 0;
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (underWay >= maxInFlight) {
      next(new ServiceError('overloaded', 'Too many requests at once; try later'));
      return;
    }
    if (response.closed) return; // the client has left, and its going would not be noticed again
    underWay += 1;
    inFlight.inc();
    response.once('close', () => {
      underWay -= 1;
      inFlight.dec();
    });
    next();
  };
}
