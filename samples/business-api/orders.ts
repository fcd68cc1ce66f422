import { notFound, Refusal } from './answer.js';
import type { BusinessData, Order } from './business-data.js';
import {
  amount,
  checkBody,
  object,
  oneOf,
  optional,
  text,
  unprocessable,
  wholeNumber,
} from './check-body.js';
import type { Route } from './router.js';

const daysToDeliver = 4;

export function orderRoutes(data: BusinessData): Route[] {
  return [
    {
      method: 'GET',
      path: '/orders/:orderId',
      auth: 'bearer',
      handle: (call) => {
        const id = call.param('orderId');
        const order = data.order(id);
        if (!order) throw notFound('order', id);
        return { status: 200, body: describeOrder(order) };
      },
    },
    {
      method: 'POST',
      path: '/orders',
      auth: 'bearer',
      handle: ({ body }) => {
        const order = placeOrder(data, body);
        return {
          status: 201,
          headers: { Location: `/orders/${order.order_id}` },
          body: { ...describeOrder(order), total_amount: order.total },
        };
      },
    },
    {
      method: 'POST',
      path: '/payments',
      auth: 'bearer',
      handle: ({ body }) => {
        const payment = checkBody(body, { customer_id: text(), order_id: text(), amount });
        if (!data.order(payment.order_id)) throw unknown('/order_id', 'an order we have');
        return {
          status: 201,
          body: { transaction_id: data.nextId('TXN'), payment_status: 'captured', ...payment },
        };
      },
    },
    {
      method: 'POST',
      path: '/claims',
      auth: 'bearer',
      handle: ({ body }) => {
        const claim = checkBody(body, {
          order_id: text(),
          claim_type: oneOf('damaged', 'missing', 'return'),
          description: text(10_000),
        });
        if (!data.order(claim.order_id)) throw unknown('/order_id', 'an order we have');
        return { status: 201, body: { claim_id: data.nextId('CLM'), status: 'open', ...claim } };
      },
    },
  ];
}

/** An order as clients see it. */
export function describeOrder({ customer_id: _, ...order }: Order): Omit<Order, 'customer_id'> {
  return order;
}

function placeOrder(data: BusinessData, body: unknown): Order {
  const wish = checkBody(body, {
    customer_id: text(),
    product_id: text(),
    quantity: wholeNumber(1, 100),
    shipping_address: optional(object),
  });
  const customer = data.customer(wish.customer_id);
  if (!customer) throw unknown('/customer_id', 'a customer we have');
  const product = data.products.get(wish.product_id);
  if (!product) throw unknown('/product_id', 'a product we sell');
  if (product.available_quantity < wish.quantity) {
    throw new Refusal(409, `Only ${product.available_quantity} of ${product.sku} are in stock.`);
  }

  data.products.set(product.sku, {
    ...product,
    available_quantity: product.available_quantity - wish.quantity,
  });
  const order: Order = {
    order_id: data.nextId('ORD'),
    customer_id: customer.customer_id,
    status: 'processing',
    order_date: daysFromNow(0),
    tracking_number: null,
    estimated_delivery: daysFromNow(daysToDeliver),
    items: [{ product_id: product.sku, name: product.name, quantity: wish.quantity, price: product.price }],
    total: Math.round(product.price * wish.quantity * 100) / 100,
    ...(wish.shipping_address && { shipping_address: wish.shipping_address }),
  };
  data.orders.set(order.order_id, order);
  return order;
}

function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

function unknown(pointer: string, wish: string): Refusal {
  return unprocessable([{ pointer, detail: `must be ${wish}` }]);
}
