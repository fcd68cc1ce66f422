import Type from 'typebox';
import { closed, Done, JsonObject, Timestamp, Uuid } from './common.contract.js';
import { Rpc } from './rpc.js';

/** What is known of a call, all organizations' calls apart: kept for some hours after the last change. */
export const CallState = Type.Object(
  {
    callId: Uuid,
    /** By name: what its tools have returned and the orchestrator has added. */
    variables: JsonObject,
    /** Absent while nothing has been kept. */
    updatedAt: Type.Optional(Timestamp),
  },
  closed,
);
export type CallState = Type.Static<typeof CallState>;

const oneCall = { callId: Uuid };

export const GetCall = Type.Object(oneCall, closed);
export type GetCall = Type.Static<typeof GetCall>;
/** A call nobody has heard of has no variables; that is no error. */
export const getCall = new Rpc('patchbay.v1.*.calls.get', GetCall, CallState);

export const UpdateCall = Type.Object(
  {
    ...oneCall,
    /** Added to those there are, each replacing its namesake; null takes one away. At most 64 KiB as JSON. */
    variables: JsonObject,
  },
  closed,
);
export type UpdateCall = Type.Static<typeof UpdateCall>;
export const updateCall = new Rpc('patchbay.v1.*.calls.update', UpdateCall, CallState);

export const EndCall = Type.Object(oneCall, closed);
export type EndCall = Type.Static<typeof EndCall>;
/** Forgets the call's variables. Tools of it that are still under way may leave new ones behind. */
export const endCall = new Rpc('patchbay.v1.*.calls.end', EndCall, Done);

/** The JetStream KV bucket they are kept in, by `<orgId>.<callId>`. */
export const callBucket = 'PATCHBAY_CALLS';
