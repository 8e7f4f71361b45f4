import { launchBrowser } from "../../server/test/support/browser.ts";
import { acceptInvitation, openConsole } from "./support/session.ts";
import { openShop, visitorOf } from "./support/shop.ts";

const shop = await openShop();
const browser = await launchBrowser();
try {
  const visitor = await visitorOf(browser, shop, "admin");
  const user = await shop.client.users.create({ email: "per@kiosk.example", name: "Per Berg", role: "operations" });
  const { link } = await shop.client.users.createLink(user.id, { purpose: "invitation" });
  const per = await acceptInvitation(browser, link);
  const { page, context, errors } = await openConsole(browser, visitor, `/${shop.accountId}/people`);
  context.setDefaultTimeout(8000);
  try {
    await page.getByRole("link", { name: "Per Berg" }).click();
    await page.getByLabel("Role").selectOption("store");
    console.log(1);
    await page.getByLabel("Oslo Centre").check();
    await page.getByRole("main").getByLabel("Language").selectOption("nb");
    await page.getByRole("button", { name: "Save" }).click();
    console.log(2);
    await page.waitForTimeout(2000);
    await page.getByRole("button", { name: "Make a link for a new password" }).click();
    console.log(await page.getByLabel("Link for Per Berg").inputValue());
    const limited = await openConsole(browser, per, `/${shop.accountId}/people`);
    await limited.page.waitForTimeout(2000);
    await limited.page.screenshot({ path: "/tmp/shots/limited.png", fullPage: true });
  } finally {
    await page.screenshot({ path: "/tmp/shots/dbg.png", fullPage: true });
  }
  console.log(errors, page.url());
} catch (error) {
  console.log(String(error).slice(0, 800));
} finally {
  await browser.close();
  await shop.stop();
}
