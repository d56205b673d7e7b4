// The plenary on a stage: messages are found by their words.

const PLENARY = "/conversations/a1b2c3d4e5f60718";

export class Talk {
  constructor(stage) {
    this.stage = stage;
  }

  get page() {
    return this.stage.page;
  }

  /** Opens the plenary of a scene: `talk=rich&unread=3`. */
  async open(scene = "", view = {}) {
    await this.stage.scene(`member&${scene}`, view);
    await this.stage.go(PLENARY);
    await this.page.waitForSelector('[data-testid="message"]');
    // The pointer is over nothing.
    await this.page.mouse.move(0, 0);
  }

  /** Looks until there is something; answers it. */
  async until(look) {
    for (let step = 0; step < 100; step += 1) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain for ${look}`);
  }

  /** The message that has these words. */
  message(text) {
    return this.until(async () => {
      for (const message of await this.page.$$('[data-testid="message"]')) {
        if ((await message.evaluate((one) => one.innerText)).includes(text)) return message;
      }
      return null;
    });
  }

  /** Presses a button of the message with these words, as a pointer does that comes from the message. */
  async act(text, testid) {
    const message = await this.message(text);
    await message.evaluate((one) => one.scrollIntoView({ block: "center" }));
    await (await message.$('[data-testid="words"], [data-testid="attachment"]')).hover();
    await (await message.$(`[data-testid="${testid}"]`)).click();
  }

  /** The texts of what is in the message with these words. */
  async within(text, selector) {
    const message = await this.message(text);
    return message.$$eval(selector, (all) => all.map((one) => one.innerText));
  }

  focusedText() {
    return this.page.evaluate(() => document.activeElement?.innerText ?? "");
  }

  /** Whether the words are before the reader's eyes. */
  seen(text) {
    return this.page.$eval(
      '[data-testid="messages"]',
      (box, words) => {
        const { top, bottom } = box.getBoundingClientRect();
        return [...box.querySelectorAll("article")].some((article) => {
          const place = article.getBoundingClientRect();
          return article.innerText.includes(words) && place.top >= top - 1 && place.bottom <= bottom + 1;
        });
      },
      text,
    );
  }

  /** How far the message with these words is from the top of the window. */
  async top(text) {
    return (await this.message(text)).evaluate((one) => one.getBoundingClientRect().top);
  }

  /** Scrolls the messages. */
  scroll(top) {
    return this.page.$eval('[data-testid="messages"]', (box, to) => box.scrollTo({ top: to }), top);
  }

  /** Writes into the composer. */
  async write(text) {
    await this.stage.click("composer");
    await this.page.keyboard.type(text);
  }

  value() {
    return this.page.$eval('[data-testid="composer"]', (field) => field.value);
  }

  /** Calls the people behind the page: `hear`, `reacts`, `gone`. */
  fake(name, ...args) {
    return this.page.evaluate((method, values) => globalThis.fakeTalk[method](...values), name, args);
  }

  /** The newest message as the people behind the page have it. */
  newest() {
    return this.page.evaluate(() => globalThis.fakeTalk.messages.at(-1));
  }
}
