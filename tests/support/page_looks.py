"""What a browser is asked about a page: each expression gives the elements that somebody could not read or use."""

CONTRAST = """
() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faults = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faults.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)}: ${e.textContent.trim()}`);
  }
  return faults;
}
"""
SMALL_TARGETS = """
() => [...document.querySelectorAll("button, .button, .chip, input[type=text], input[type=email], nav a, .home")]
  .filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)
"""

DESCRIBED = """
() => [...document.querySelectorAll("[aria-describedby],[aria-labelledby]")]
  .flatMap((e) => ["aria-describedby", "aria-labelledby"].map((name) => e.getAttribute(name) ?? ""))
  .flatMap((names) => names.split(/\\s+/)).filter((name) => name)
"""
