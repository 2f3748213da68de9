// Shows markup made in Python and tells Python which of its links was clicked, so that a page is opened
// without a reload. A click with a modifier key is left to the browser: it opens a new tab.
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".box");
  const background = getComputedStyle(box).getPropertyValue("--st-background-color").trim();
  box.dataset.theme = isDark(background) ? "dark" : "light";
  if (box.shown !== data.html) {
    const opened = [...box.querySelectorAll("details[open][id]")].map((each) => each.id);
    const scrolled = [...box.querySelectorAll("[data-scroll]")].map((each) => each.scrollTop);
    box.innerHTML = data.html;
    box.shown = data.html;
    document.getElementById("llmobs-first")?.remove();
    opened.forEach((id) => box.querySelector(`details[id="${id}"]`)?.setAttribute("open", ""));
    box.querySelectorAll("[data-scroll]").forEach((each, i) => (each.scrollTop = scrolled[i] ?? 0));
  }
  box.onclick = (event) => {
    const link = event.target.closest("a[href^='/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    setTriggerValue("go", link.getAttribute("href"));
  };
}

function isDark(color) {
  const found = color.match(/^#(..)(..)(..)/);
  if (!found) return false;
  const [r, g, b] = found.slice(1).map((part) => parseInt(part, 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}
