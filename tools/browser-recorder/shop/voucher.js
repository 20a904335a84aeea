const vouchers = JSON.parse('{"SUMMER-10": {"percent": 10}}');

export function applyVoucher(code) {
  const voucher = vouchers[code];
  return { code, discount: voucher.percent / 100 };
}
