// Draws a Plotly figure and updates it in place. Streamlit's own chart element (1.67) is torn down and drawn again
// with each change of its data, which flashes on a page that refreshes every few seconds.
// A click on a bar or a point opens the traces behind it.

// On a phone a longer legend takes more room than the chart; the table below has the same colours.
const NARROW_PX = 420;
const NARROW_SERIES = 5;

export default function ({ parentElement, data }) {
  const box = parentElement.querySelector(".chart");
  box.newest = data;
  plotly(data.script).then(() => draw(box));
  if (box.watching) return;
  box.watching = new ResizeObserver(() => box.drawn && box.clientWidth && Plotly.Plots.resize(box));
  box.watching.observe(box);
  return () => box.watching.disconnect();
}

function plotly(script) {
  window.llmobsPlotly ??= new Promise((done, failed) => {
    const tag = document.createElement("script");
    Object.assign(tag, { src: script, onload: done, onerror: failed });
    document.head.append(tag);
  });
  return window.llmobsPlotly;
}

function draw(box) {
  const { figure, config } = box.newest;
  if (!box.isConnected) return;
  // Drawn anew, the chart would lose what the reader points at; it catches up when the pointer has left.
  const read = box.drawn && matchMedia("(hover: hover)").matches && box.matches(":hover");
  box.onmouseleave = read ? () => draw(box) : null;
  if (read) return;
  const { data, layout } = JSON.parse(figure);
  const narrow = box.clientWidth < NARROW_PX;
  Plotly.react(box, data, themed(layout, getComputedStyle(box), narrow, data.length), config).then(() => {
    box.dataset.drawn = "yes";
    if (box.drawn) return;
    box.drawn = true;
    clicks(box);
  });
}

// Text, grid and hover in the colours of the page, light or dark.
function themed(layout, style, narrow, series) {
  const of = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const text = of("text-color");
  const grid = of("border-color");
  for (const [name, axis] of Object.entries(layout)) {
    if (/^[xy]axis/.test(name)) Object.assign(axis, { gridcolor: grid, zerolinecolor: grid, linecolor: grid });
  }
  return {
    ...layout,
    showlegend: layout.showlegend && !(narrow && series > NARROW_SERIES),
    font: { family: of("font"), size: 12, color: text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: { bgcolor: of("secondary-background-color"), bordercolor: grid, font: { color: text } },
  };
}

// While the button is down Plotly lays a cover over the chart and may take that for the pointer leaving; its own click
// is then lost: on a processor slowed down threefold up to 3 of 10. So what was told at the press counts.
function clicks(box) {
  let told = null;
  let pressed = null;
  box.on("plotly_hover", ({ points }) => (told = points));
  box.on("plotly_unhover", () => (told = null));
  box.on("plotly_click", ({ points }) => (pressed = points));
  box.addEventListener("mousedown", () => (pressed = told), true);
  box.addEventListener("click", (event) => pressed && event.target.closest(".nsewdrag") && follow(box, pressed, event));
}

function follow(box, points, event) {
  const { href, step_s } = box.newest;
  if (!href) return;
  const middle = Date.parse(`${String(points[0].x).replace(" ", "T")}Z`);
  const to = new URL(href, location.origin);
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19) + "Z";
  to.searchParams.delete("range");
  to.searchParams.set("from", iso(middle - step_s * 500));
  to.searchParams.set("to", iso(middle + step_s * 500));
  const asked = meant(box, points, event)?.data.meta ?? {};
  for (const [name, value] of Object.entries(asked)) to.searchParams.set(name, value);
  go(to.pathname + to.search);
}

// Plotly tells all bars of a stack, from below; the one that is meant lies under the pointer. Above the stack: none.
function meant(box, points, event) {
  const { yaxis } = points[0];
  const height = yaxis.p2d(event.clientY - box.getBoundingClientRect().top - yaxis._offset);
  let top = 0;
  return [...points].sort((a, b) => a.curveNumber - b.curveNumber).find((each) => (top += each.y) >= height);
}
