// Visits one page in headless Chromium: takes a plan as its one argument, prints what it saw as JSON.
// playwright-core is found through NODE_PATH.
const { chromium } = require('playwright-core');

// The browser of a test talks to nobody but the page: no updates, no accounts, no start-up look-ups.
const QUIET = [
  '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

async function visit(plan) {
  const browser = await chromium.launch({
    executablePath: plan.chromium,
    // Chromium's sandbox does not work for root, whom containers and CI machines run as.
    args: process.getuid() === 0 ? ['--no-sandbox', ...QUIET] : QUIET,
  });
  try {
    const page = await browser.newPage({
      viewport: { width: plan.width, height: plan.height },
      colorScheme: plan.dark ? 'dark' : 'light',
    });
    page.setDefaultTimeout(plan.deadline_ms);
    const errors = [];
    page.on('pageerror', error => errors.push(`script: ${error.message}`));
    page.on('console', message => message.type() === 'error' && errors.push(`console: ${message.text()}`));
    page.on('requestfailed', request => errors.push(`request: ${request.url()}: ${request.failure().errorText}`));
    page.on('response', answer => answer.status() >= 400 && errors.push(`status ${answer.status()}: ${answer.url()}`));
    await page.goto(plan.url, { waitUntil: 'domcontentloaded' });
    for (const step of plan.steps) await take(page, step);
    return {
      dom: await page.content(),
      text: await page.evaluate(() => document.body.innerText),
      title: await page.title(),
      errors,
    };
  } finally {
    await browser.close();
  }
}

// page.waitForFunction would evaluate a string inside the page, which a strict content security policy forbids.
async function until(page, condition) {
  const deadline = Date.now() + 30000;
  while (!(await page.evaluate(condition))) {
    if (Date.now() > deadline) throw new Error(`not in time: ${condition}`);
    await new Promise(resume => setTimeout(resume, 50));
  }
}

async function take(page, step) {
  if (step.wait) await until(page, step.wait);
  if (step.click) await page.click(step.click);
  if (step.fill) await page.fill(step.fill, step.text);
  if (step.screenshot) await page.screenshot({ path: step.screenshot, fullPage: true });
}

visit(JSON.parse(process.argv[2])).then(
  seen => process.stdout.write(JSON.stringify(seen)),
  error => {
    process.stderr.write(`the visit failed: ${error.message}\n`);
    process.exitCode = 1;
  },
);
