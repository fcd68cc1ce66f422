import { notFound } from './answer.js';
import type { BusinessData } from './business-data.js';
import type { Route } from './router.js';

export function inventoryRoutes(data: BusinessData): Route[] {
  return [
    {
      method: 'GET',
      path: '/products/:sku/availability',
      auth: 'header_key',
      handle: (call) => {
        const sku = call.param('sku');
        const product = data.products.get(sku);
        if (!product) throw notFound('product', sku);
        const wanted = Number(call.query.get('quantity') ?? 1) || 1;
        return {
          status: 200,
          body: {
            sku,
            name: product.name,
            in_stock: product.available_quantity >= wanted,
            available_quantity: product.available_quantity,
            restock_date: product.restock_date,
          },
        };
      },
    },
  ];
}
