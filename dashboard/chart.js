// Draws a Plotly figure and updates it in place. Streamlit's own chart element (1.67) is torn down and drawn again
// with each change of its data, which flashes on a page that refreshes every few seconds.
// A click on a bar or a point opens the traces behind it.

// On a phone a longer legend takes more room than the chart; the table below has the same colours.
const NARROW_PX = 420;
const NARROW_SERIES = 5;

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".chart");
  box.newest = data;
  box.open = (href) => setTriggerValue("go", href);
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
    box.on("plotly_click", ({ points }) => follow(box, points[0]));
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

function follow(box, point) {
  const { href, step_s } = box.newest;
  if (!href) return;
  const middle = Date.parse(`${String(point.x).replace(" ", "T")}Z`);
  const to = new URL(href, location.origin);
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19) + "Z";
  to.searchParams.delete("range");
  to.searchParams.set("from", iso(middle - step_s * 500));
  to.searchParams.set("to", iso(middle + step_s * 500));
  for (const [name, value] of Object.entries(point.data.meta ?? {})) to.searchParams.set(name, value);
  box.open(to.pathname + to.search);
}
