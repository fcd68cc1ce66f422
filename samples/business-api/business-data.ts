export type Tier = 'bronze' | 'silver' | 'gold';
export type Timeslot = 'morning' | 'afternoon' | 'evening';

export interface Preferences {
  readonly email_notifications: boolean;
  readonly sms_notifications: boolean;
  readonly preferred_contact_time: Timeslot;
}

export interface Customer {
  readonly customer_id: string;
  readonly name: string;
  readonly email: string;
  /** Digits only. */
  readonly phone: string;
  readonly phone_pin: string;
  readonly account_number: string;
  readonly tier: Tier;
  readonly balance: number;
  readonly preferences: Preferences;
  readonly status: string;
  readonly last_contact_date: string;
  readonly last_contact_reason?: string;
  readonly contact_notes?: string;
}

export interface OrderItem {
  readonly product_id: string;
  readonly name: string;
  readonly quantity: number;
  readonly price: number;
}

export interface Order {
  readonly order_id: string;
  readonly customer_id: string;
  readonly status: 'processing' | 'shipped' | 'delivered' | 'cancelled';
  readonly order_date: string;
  readonly tracking_number: string | null;
  readonly estimated_delivery: string | null;
  readonly delivery_date?: string;
  readonly items: readonly OrderItem[];
  readonly total: number;
  readonly shipping_address?: Readonly<Record<string, unknown>>;
}

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
  readonly available_quantity: number;
  readonly restock_date: string | null;
}

export interface Appointment {
  readonly appointment_id: string;
  readonly confirmation_code: string;
  readonly customer_phone: string;
  readonly service_type: string;
  readonly slot_id: string;
  readonly date: string;
  readonly time: string;
  readonly status: 'booked' | 'cancelled';
  readonly notes?: string;
  readonly cancellation_reason?: string;
}

/** Everything else that is only created and read back: tickets, claims, payments, messages, leads, reports. */
export type Paper = Readonly<Record<string, unknown>>;

/** The business's whole memory. The same after every `reset`, new numbers included. */
export class BusinessData {
  readonly customers = new Map<string, Customer>();
  readonly orders = new Map<string, Order>();
  readonly products = new Map<string, Product>();
  readonly appointments = new Map<string, Appointment>();
  readonly tickets = new Map<string, Paper>();
  readonly helpdeskTickets = new Map<string, Paper>();
  private readonly counters = new Map<string, number>();

  constructor() {
    this.reset();
  }

  reset(): void {
    this.tickets.clear();
    this.helpdeskTickets.clear();
    this.counters.clear();
    refill(this.customers, customers, ({ customer_id }) => customer_id);
    refill(this.orders, orders, ({ order_id }) => order_id);
    refill(this.products, products, ({ sku }) => sku);
    refill(this.appointments, appointments, ({ appointment_id }) => appointment_id);
  }

  /** 1001, 1002, … for each kind of thing. */
  nextNumber(kind: string): number {
    const number = (this.counters.get(kind) ?? 1000) + 1;
    this.counters.set(kind, number);
    return number;
  }

  nextId(prefix: string): string {
    return `${prefix}-${this.nextNumber(prefix)}`;
  }

  /** `CUST-12345`, or what a caller says: `12345`. */
  customer(id: string): Customer | undefined {
    return this.customers.get(id) ?? this.customers.get(`CUST-${id}`);
  }

  customerByPhone(digits: string): Customer | undefined {
    // Callers leave out the country code.
    return [...this.customers.values()].find(({ phone }) => phone.endsWith(digits) || digits.endsWith(phone));
  }

  order(id: string): Order | undefined {
    return this.orders.get(id) ?? this.orders.get(`ORD-${id}`);
  }

  ordersOf({ customer_id }: Customer): Order[] {
    return [...this.orders.values()].filter((order) => order.customer_id === customer_id);
  }
}

function refill<T>(map: Map<string, T>, values: readonly T[], keyOf: (value: T) => string): void {
  map.clear();
  for (const value of values) map.set(keyOf(value), value);
}

const customers: readonly Customer[] = [
  {
    customer_id: 'CUST-12345',
    name: 'John Smith',
    email: 'john.smith@example.com',
    phone: '15551234567',
    phone_pin: '5678',
    account_number: 'ACC-100345',
    tier: 'gold',
    balance: 1250.5,
    preferences: { email_notifications: true, sms_notifications: false, preferred_contact_time: 'morning' },
    status: 'active',
    last_contact_date: '2024-01-09',
  },
  {
    customer_id: 'CUST-98765',
    name: 'Maria García',
    email: 'maria.garcia@example.com',
    phone: '15559876543',
    phone_pin: '2468',
    account_number: 'ACC-100765',
    tier: 'silver',
    balance: 0,
    preferences: { email_notifications: true, sms_notifications: true, preferred_contact_time: 'evening' },
    status: 'active',
    last_contact_date: '2023-11-30',
  },
];

const espressoMachine = { product_id: 'PROD-12345', name: 'Espresso machine', quantity: 1, price: 89.99 };
const coffeeBeans = { product_id: 'PROD-11111', name: 'Coffee beans, 1 kg', quantity: 2, price: 19.5 };

const orders: readonly Order[] = [
  {
    order_id: 'ORD-11111',
    customer_id: 'CUST-12345',
    status: 'shipped',
    order_date: '2024-01-10',
    tracking_number: '1Z999AA10123456789',
    estimated_delivery: '2024-01-16',
    items: [{ product_id: 'PROD-67890', name: 'Milk frother', quantity: 1, price: 99.99 }],
    total: 99.99,
  },
  {
    order_id: 'ORD-12345',
    customer_id: 'CUST-12345',
    status: 'shipped',
    order_date: '2024-01-12',
    tracking_number: '1Z999AA10123456784',
    estimated_delivery: '2024-01-18',
    items: [espressoMachine, coffeeBeans],
    total: 128.99,
  },
  {
    order_id: 'ORD-67890',
    customer_id: 'CUST-98765',
    status: 'delivered',
    order_date: '2024-01-02',
    tracking_number: '1Z999AA10123456733',
    estimated_delivery: '2024-01-08',
    delivery_date: '2024-01-07',
    items: [coffeeBeans],
    total: 39,
  },
  {
    order_id: 'ORD-22222',
    customer_id: 'CUST-98765',
    status: 'processing',
    order_date: '2024-01-14',
    tracking_number: null,
    estimated_delivery: null,
    items: [espressoMachine],
    total: 89.99,
  },
];

const products: readonly Product[] = [
  { sku: 'PROD-12345', name: 'Espresso machine', price: 89.99, available_quantity: 12, restock_date: null },
  { sku: 'PROD-11111', name: 'Coffee beans, 1 kg', price: 19.5, available_quantity: 250, restock_date: null },
  {
    sku: 'PROD-67890',
    name: 'Milk frother',
    price: 99.99,
    available_quantity: 0,
    restock_date: '2026-02-02',
  },
];

const appointments: readonly Appointment[] = [
  {
    appointment_id: 'APT-12345',
    confirmation_code: 'CONF-12345',
    customer_phone: '15551234567',
    service_type: 'cleaning',
    slot_id: 'SLOT-20260112-0900',
    date: '2026-01-12',
    time: '09:00',
    status: 'booked',
  },
];
