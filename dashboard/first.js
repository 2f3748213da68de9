// The theme for the first block; it goes when the page has something of its own to say (see also view.js).
(() => {
  const first = document.getElementById("llmobs-first");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  first.shadowRoot.querySelector(".box").dataset.theme = dark ? "dark" : "light";
  document.documentElement.style.background = getComputedStyle(first).getPropertyValue("--st-background-color");
  const look = setInterval(() => document.querySelector('[data-testid="stAlert"]') && first.remove(), 200);
  setTimeout(() => (clearInterval(look), first.remove()), 20000);
})();
