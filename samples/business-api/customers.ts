import { notFound, type Answer } from './answer.js';
import type { BusinessData, Customer } from './business-data.js';
import { checkBody, date, flag, oneOf, optional, phone, text } from './check-body.js';
import { describeOrder } from './orders.js';
import type { Route, RouteCall } from './router.js';

const contactTime = oneOf('morning', 'afternoon', 'evening');

export function customerRoutes(data: BusinessData): Route[] {
  const named = (call: RouteCall): Customer => {
    const id = call.param('customerId');
    const customer = data.customer(id);
    if (!customer) throw notFound('customer', id);
    return customer;
  };
  const save = (customer: Customer): Customer => {
    data.customers.set(customer.customer_id, customer);
    return customer;
  };

  const lookUp = (digits: string): Answer => {
    const customer = data.customerByPhone(digits);
    if (!customer) throw notFound('customer with phone number', digits);
    return { status: 200, body: { ...profile(customer), ...overview(customer) } };
  };
  const overview = (customer: Customer) => ({
    customer: {
      id: customer.customer_id,
      name: customer.name,
      email: customer.email,
      tier: customer.tier,
      balance: customer.balance,
      preferences: customer.preferences,
    },
    orders: data.ordersOf(customer).map(({ order_id, status, total }) => ({ id: order_id, status, total })),
  });
  const profile = (customer: Customer) => ({
    customer_id: customer.customer_id,
    customer_name: customer.name,
    account_number: customer.account_number,
    email: customer.email,
    tier: customer.tier,
    last_order_date: data.ordersOf(customer).at(-1)?.order_date ?? null,
    last_contact_date: customer.last_contact_date,
  });

  const change = (call: RouteCall): Answer => {
    const customer = named(call);
    const { email_notifications, sms_notifications, preferred_contact_time, ...contact } = checkBody(
      call.body,
      {
        email_notifications: optional(flag),
        sms_notifications: optional(flag),
        preferred_contact_time: optional(contactTime),
        last_contact_date: optional(date),
        last_contact_reason: optional(text()),
        contact_notes: optional(text(10_000)),
        status: optional(text(50)),
      },
    );
    const preferences = {
      ...customer.preferences,
      ...given({ email_notifications, sms_notifications, preferred_contact_time }),
    };
    return { status: 200, body: withoutPin(save({ ...customer, ...given(contact), preferences })) };
  };

  return [
    {
      method: 'POST',
      path: '/customers/lookup',
      auth: 'bearer',
      handle: ({ body }) => lookUp(checkBody(body, { phone_number: phone }).phone_number),
    },
    {
      method: 'POST',
      path: '/v1/customers/search',
      auth: 'bearer',
      handle: ({ body }) => lookUp(checkBody(body, { phone }).phone),
    },
    {
      method: 'GET',
      path: '/customers/:customerId',
      auth: 'bearer',
      handle: (call) => ({ status: 200, body: overview(named(call)) }),
    },
    { method: 'PATCH', path: '/customers/:customerId', auth: 'bearer', handle: change },
    { method: 'PATCH', path: '/v1/customers/:customerId', auth: 'bearer', handle: change },
    {
      method: 'PUT',
      path: '/customers/:customerId/preferences',
      auth: 'bearer',
      handle: (call) => {
        const preferences = checkBody(call.body, {
          email_notifications: flag,
          sms_notifications: flag,
          preferred_contact_time: contactTime,
        });
        return { status: 200, body: save({ ...named(call), preferences }).preferences };
      },
    },
    {
      method: 'GET',
      path: '/customers/:customerId/orders',
      auth: 'bearer',
      handle: (call) => ({ status: 200, body: { orders: overview(named(call)).orders } }),
    },
    {
      method: 'GET',
      path: '/customers/:customerId/orders/:orderId',
      auth: 'bearer',
      handle: (call) => {
        const customer = named(call);
        const orderId = call.param('orderId');
        const order = data.order(orderId);
        if (order?.customer_id !== customer.customer_id) throw notFound('order', orderId);
        return { status: 200, body: describeOrder(order) };
      },
    },
  ];
}

function withoutPin({ phone_pin: _, ...customer }: Customer): Omit<Customer, 'phone_pin'> {
  return customer;
}

/** The fields that have a value, so that spreading them over a record changes nothing else. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

type Given<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> };
