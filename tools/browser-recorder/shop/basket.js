const prices = { "FERN-S": 1490, "POT-TERRA": 890 };

function lineFor(item) {
  const price = prices[item.sku];
  return { ...item, label: `${item.quantity} x ${price.toFixed(2)}` };
}

export function addToBasket(item) {
  const line = lineFor(item);
  return [line];
}

export function basketTotal(items) {
  return items.reduce((sum, item) => sum + item.price.amount, 0);
}
