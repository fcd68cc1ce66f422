import { notFound, Refusal } from './answer.js';
import type { Appointment, BusinessData } from './business-data.js';
import {
  checkBody,
  date,
  isObject,
  optional,
  phone,
  text,
  unprocessable,
  wholeNumber,
} from './check-body.js';
import type { Route, RouteCall } from './router.js';

interface Slot {
  readonly slot_id: string;
  readonly date: string;
  readonly time: string;
}

const timesOfDay = ['09:00', '11:30', '15:00'];

export function appointmentRoutes(data: BusinessData): Route[] {
  const named = (call: RouteCall): Appointment => {
    const id = call.param('appointmentId');
    const appointment = data.appointments.get(id);
    if (!appointment) throw notFound('appointment', id);
    return appointment;
  };
  const save = (appointment: Appointment): Appointment => {
    data.appointments.set(appointment.appointment_id, appointment);
    return appointment;
  };
  const isTaken = (slotId: string): boolean =>
    [...data.appointments.values()].some(({ slot_id, status }) => slot_id === slotId && status === 'booked');
  const freeSlot = (slotId: string): Slot => {
    const slot = parseSlot(slotId);
    if (!slot) throw unprocessable([{ pointer: '/slot_id', detail: 'must be a slot from /slots/available' }]);
    if (isTaken(slotId)) throw new Refusal(409, `The slot ${slotId} is taken.`);
    return slot;
  };

  return [
    {
      method: 'GET',
      path: '/slots/available',
      auth: 'query_key',
      handle: ({ query }) => {
        const wish = checkBody(Object.fromEntries(query), {
          service_type: text(100),
          start_date: optional(date),
          days_ahead: optional(wholeNumber(1, 60)),
        });
        const start = (wish.start_date ?? new Date().toISOString()).slice(0, 10);
        const slots = slotsFrom(start, wish.days_ahead ?? 14).filter(({ slot_id }) => !isTaken(slot_id));
        return {
          status: 200,
          body: { available_slots: slots.map((slot) => ({ ...slot, service_type: wish.service_type })) },
        };
      },
    },
    {
      method: 'POST',
      path: '/appointments',
      auth: 'bearer',
      handle: ({ body }) => {
        const { slot_id, notes, ...wish } = checkBody(body, {
          customer_phone: phone,
          slot_id: text(),
          service_type: text(100),
          notes: optional(text(10_000)),
        });
        const slot = freeSlot(slot_id);
        const number = data.nextNumber('appointment');
        const appointment = save({
          appointment_id: `APT-${number}`,
          confirmation_code: `CONF-${number}`,
          ...wish,
          ...slot,
          status: 'booked',
          ...(notes !== undefined && { notes }),
        });
        return {
          status: 201,
          headers: { Location: `/appointments/${appointment.appointment_id}` },
          body: appointment,
        };
      },
    },
    {
      method: 'GET',
      path: '/appointments',
      auth: 'bearer',
      handle: ({ query }) => {
        const { phone_number } = checkBody(Object.fromEntries(query), { phone_number: phone });
        const appointments = [...data.appointments.values()].filter(({ customer_phone }) =>
          customer_phone.endsWith(phone_number),
        );
        return { status: 200, body: { appointments } };
      },
    },
    {
      method: 'GET',
      path: '/appointments/:appointmentId',
      auth: 'bearer',
      handle: (call) => ({ status: 200, body: named(call) }),
    },
    {
      method: 'PATCH',
      path: '/appointments/:appointmentId',
      auth: 'bearer',
      handle: (call) => {
        const appointment = named(call);
        const { slot_id } = checkBody(call.body, { slot_id: text() });
        if (appointment.status === 'cancelled') throw new Refusal(409, 'The appointment is cancelled.');
        return { status: 200, body: save({ ...appointment, ...freeSlot(slot_id) }) };
      },
    },
    {
      // Cancelling twice says the same twice.
      method: 'DELETE',
      path: '/appointments/:appointmentId',
      auth: 'bearer',
      handle: (call) => {
        const appointment = named(call);
        const reason = cancellationReason(call) ?? appointment.cancellation_reason;
        return {
          status: 200,
          body: save({ ...appointment, status: 'cancelled', ...(reason && { cancellation_reason: reason }) }),
        };
      },
    },
  ];
}

/** Clients disagree on whether a DELETE has a body; both places are read. */
function cancellationReason({ body, query }: RouteCall): string | undefined {
  const given = { ...Object.fromEntries(query), ...(isObject(body) ? body : {}) };
  return checkBody(given, { cancellation_reason: optional(text()) }).cancellation_reason;
}

/** Three a day, except at weekends. */
function slotsFrom(start: string, days: number): Slot[] {
  const first = Date.parse(`${start}T00:00:00Z`);
  return Array.from({ length: days }, (_, day) => new Date(first + day * 86_400_000))
    .filter((day) => day.getUTCDay() % 6 !== 0)
    .flatMap((day) => timesOfDay.map((time) => slotAt(day.toISOString().slice(0, 10), time)));
}

function slotAt(day: string, time: string): Slot {
  return { slot_id: `SLOT-${day.replaceAll('-', '')}-${time.replace(':', '')}`, date: day, time };
}

function parseSlot(slotId: string): Slot | undefined {
  const [, year, month, day] = /^SLOT-(\d{4})(\d\d)(\d\d)-\d{4}$/.exec(slotId) ?? [];
  const start = `${year}-${month}-${day}`;
  if (Number.isNaN(Date.parse(start))) return undefined;
  return slotsFrom(start, 1).find(({ slot_id }) => slot_id === slotId);
}
