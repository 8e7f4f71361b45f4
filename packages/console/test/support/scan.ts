import jsqr from "jsqr";
import type { Page } from "playwright-core";

/** Reads the QR code that a page shows, by its pixels: the browser draws the very picture into a canvas. */
export async function scan(page: Page, label: string): Promise<string> {
  const picture = page.getByRole("img", { name: label });
  const png = (await picture.screenshot()).toString("base64");
  // A page of its own: the console's policy lets no page load a picture from its own address bar.
  const blank = await page.context().newPage();
  const { width, height, data } = (await blank.evaluate(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png}";
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, data: [...data] };
  })()`)) as { width: number; height: number; data: number[] };
  await blank.close();
  const read = jsqr.default(Uint8ClampedArray.from(data), width, height);
  if (!read) throw new Error("the QR code cannot be read");
  return read.data;
}
