// Shows markup made in Python. A click on a link of ours opens its page without a reload (go.js); with a modifier
// key it is left to the browser: it opens a new tab.
export default function ({ parentElement, data }) {
  const box = parentElement.querySelector(".box");
  const background = getComputedStyle(box).getPropertyValue("--st-background-color").trim();
  box.dataset.theme = isDark(background) ? "dark" : "light";
  if (box.shown !== data.html) {
    const fresh = document.createElement("div");
    fresh.innerHTML = data.html;
    patch(box, fresh);
    box.shown = data.html;
    document.getElementById("llmobs-first")?.remove();
  }
  box.onclick = (event) => {
    const link = event.target.closest("a[href^='/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  };
}

// Changes only what differs: focus, selection, scroll and a click that has begun outlive a refresh.
function patch(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((now, i) => {
    const was = before[i];
    if (!was) old.append(now);
    else if (was.nodeName !== now.nodeName) was.replaceWith(now);
    else if (was.nodeType === Node.TEXT_NODE) was.data = now.data;
    else if (!was.isEqualNode(now)) {
      attributes(was, now);
      patch(was, now);
    }
  });
  before.slice(after.length).forEach((each) => each.remove());
}

// A section that the reader opened or closed stays so.
function attributes(old, fresh) {
  const ours = (name) => name !== "open" || !old.id || old.id !== fresh.id;
  for (const { name } of [...old.attributes]) if (ours(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (ours(name)) old.setAttribute(name, value);
}

function isDark(color) {
  const found = color.match(/^#(..)(..)(..)/);
  if (!found) return false;
  const [r, g, b] = found.slice(1).map((part) => parseInt(part, 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}
