import * as Sentry from "@sentry/browser";
import { addToBasket, basketTotal } from "./basket.js";
import { placeOrder } from "./checkout.js";
import { renderRecommendations } from "./recommendations.js";
import { suggest } from "./search.js";
import { applyVoucher } from "./voucher.js";

const scene = new URLSearchParams(location.search).get("scene");

Sentry.init({
  dsn: `${location.protocol}//0123456789abcdef0123456789abcdef@${location.host}/1`,
  release: "shop-web@4.12.0",
  environment: "production",
  sendClientReports: false,
  integrations: (defaults) => defaults.filter((integration) => integration.name !== "BrowserSession"),
});
Sentry.setUser({ id: "u-1042", username: "ines", email: "ines@example.com" });
Sentry.setTag("checkout_flow", "two-step");
Sentry.setTag("store", "lisbon");

const scenes = {
  basket: () => addToBasket({ sku: "MONSTERA-M", quantity: 2 }),
  total: () => basketTotal([{ sku: "FERN-S", price: { amount: 1490 } }, { sku: "POT-TERRA" }]),
  voucher: () => applyVoucher("SPRING-25"),
  order: () => placeOrder({ basket: "b-77", payment: "card" }),
  recommendations: () => renderRecommendations("u-1042"),
  search: () => suggest("monstera".repeat(40)),
};

document.querySelector("#add-to-basket").addEventListener("click", () => {
  console.info("basket opened", { items: 3 });
  scenes[scene]();
});
