export class PaymentDeclinedError extends Error {
  constructor(code, options) {
    super(`Payment was declined by the bank (${code})`, options);
    this.name = "PaymentDeclinedError";
  }
}

async function authorize(order) {
  const response = await fetch(`/payments/authorize?order=${order.basket}`, { method: "POST" });
  if (!response.ok) {
    throw new Error(`Payment gateway answered ${response.status}`);
  }
  return response.json();
}

export async function placeOrder(order) {
  try {
    return await authorize(order);
  } catch (cause) {
    throw new PaymentDeclinedError("do_not_honor", { cause });
  }
}
