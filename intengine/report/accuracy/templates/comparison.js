"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const layers = data.layers;
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  let measure = "sqnr_db";
  let chosen = -1;

  // -- small things ---------------------------------------------------------------------------------------

  const element = (tag, text, properties) => {
    const made = Object.assign(document.createElement(tag), properties);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const figure = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))));
  const percent = (value) => {
    if (value === null || value === undefined) return "–";
    if (value !== 0 && Math.abs(value) < 5e-5) return value < 0 ? "−0.00 %" : "<0.01 %";
    return `${Number((100 * value).toFixed(Math.abs(value) < 0.1 ? 2 : 1))} %`;
  };
  const quality = (stats) => (stats.exact ? "exact" : stats.sqnr_db === null ? "–" : stats.sqnr_db.toFixed(1));
  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  // Plotly takes some HTML in texts; names from a model are not HTML.
  const literal = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (text) => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

  const layout = (changes) => {
    const axis = { gridcolor: color("--line"), zerolinecolor: color("--line"), linecolor: color("--line"), automargin: true };
    const made = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 12, t: 28, b: 44 },
      font: { color: color("--ink"), family: getComputedStyle(document.body).fontFamily, size: 12 },
      hoverlabel: { bgcolor: color("--panel"), bordercolor: color("--line"), font: { color: color("--ink") }, align: "left" },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, dragmode: "zoom", ...changes,
    };
    made.xaxis = { ...axis, ...(changes.xaxis || {}) };
    made.yaxis = { ...axis, ...(changes.yaxis || {}) };
    return made;
  };
  const draw = (id, traces, changes) => {
    const place = $(id);
    Plotly.react(place, traces, layout(changes), { responsive: true, displaylogo: false, displayModeBar: false });
    // A chart keeps its width when its neighbour goes; by the time it is measured it may be gone itself.
    if (place.querySelector(".main-svg")?.clientWidth !== place.clientWidth) Plotly.Plots.resize(place).catch(() => {});
  };

  // -- the network ----------------------------------------------------------------------------------------

  // Layers with hardly any error (an input, a move) are drawn at the upper edge, or they would flatten the others.
  const ceiling = () => {
    const known = layers.flatMap((layer) => [layer.propagated, layer.local]).filter((stats) => stats && stats.sqnr_db !== null);
    const values = known.map((stats) => stats.sqnr_db).sort((a, b) => a - b);
    if (!values.length) return 1;
    return Math.min(values[values.length - 1], Math.max(2 * values[values.length >> 1], 20));
  };

  const drawNetwork = () => {
    const top = ceiling();
    const height = (stats) => {
      if (!stats) return null;
      if (measure !== "sqnr_db") return stats[measure];
      return stats.exact ? top : stats.sqnr_db === null ? null : Math.min(stats.sqnr_db, top);
    };
    const said = (stats) => {
      if (!stats) return "";
      if (measure !== "sqnr_db") return `${figure(stats[measure])} LSB`;
      return stats.exact ? "no error" : `${figure(stats.sqnr_db)} dB`;
    };
    const over = (stats) => measure === "sqnr_db" && stats && (stats.exact || stats.sqnr_db > top);
    const trace = (side, name, paint) => ({
      name, type: "scatter", mode: "lines+markers", x: layers.map((_, at) => at),
      y: layers.map((layer) => height(layer[side])), customdata: layers.map((layer) => said(layer[side])),
      text: layers.map((layer) => `${layer.node < 0 ? "" : `node ${layer.node} `}${literal(layer.op)}<br>${literal(short(layer.name))}`),
      hovertemplate: `%{text}<br>${name}: %{customdata}<extra></extra>`, connectgaps: false,
      line: { color: color(paint), width: 2 },
      marker: { color: color(paint), size: 7, symbol: layers.map((layer) => (over(layer[side]) ? "triangle-up" : "circle")) },
    });
    const shapes = [];
    if (chosen >= 0)
      shapes.push({ type: "line", x0: chosen, x1: chosen, yref: "paper", y0: 0, y1: 1, line: { color: color("--soft"), width: 1, dash: "dot" } });
    if (measure === "rmse_lsb")
      shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: 0.2887, y1: 0.2887, line: { color: color("--soft"), width: 1, dash: "dash" } });
    draw("network", [trace("propagated", "propagated", "--first"), trace("local", "local", "--second")], {
      shapes, hovermode: "closest",
      xaxis: { title: { text: "layer, in the order of execution" }, zeroline: false },
      yaxis: { title: { text: measure === "sqnr_db" ? "SQNR in dB (higher is better)" : "RMSE in LSB (lower is better)" }, rangemode: "tozero" },
    });
  };

  // -- the table ------------------------------------------------------------------------------------------

  const body = $("layers").tBodies[0];
  const rows = [...body.rows];
  const heads = [...$("layers").tHead.rows[0].cells];

  const sort = (column, direction) => {
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.key === undefined ? cell.textContent.trim() : cell.dataset.key === "" ? null : Number(cell.dataset.key);
    };
    const order = (a, b) => {
      const x = key(a), y = key(b);
      if (x === null || y === null) return (x === null) - (y === null);
      const by = typeof x === "number" ? (x < y ? -1 : x > y ? 1 : 0) : x.localeCompare(y);
      return (direction === "ascending" ? by : -by) || a.dataset.at - b.dataset.at;
    };
    body.append(...rows.sort(order));
    heads.forEach((head, at) => (at === column ? head.setAttribute("aria-sort", direction) : head.removeAttribute("aria-sort")));
  };
  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () =>
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending")));

  const filter = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.textContent} ${layers[row.dataset.at].name}`.toLowerCase();
      const fits = words.every((word) => text.includes(word))
        && (!$("operator").value || row.dataset.op === $("operator").value)
        && (!$("cause").value || row.dataset.cause === $("cause").value);
      row.hidden = !fits;
      shown += fits;
    }
    $("shown").textContent = shown === rows.length ? `${shown}` : `${shown} of ${rows.length}`;
    $("none").hidden = shown > 0;
  };
  for (const id of ["search", "operator", "cause"]) $(id).addEventListener("input", filter);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !event.target.closest("a")) location.hash = `layer-${row.dataset.at}`;
  });

  // -- one layer ------------------------------------------------------------------------------------------

  const STATS = [
    ["SQNR dB", (s) => quality(s)], ["cosine", (s) => figure(s.cosine)], ["RMSE", (s) => figure(s.rmse)],
    ["RMSE in LSB", (s) => figure(s.rmse_lsb)], ["greatest error", (s) => figure(s.max_abs)], ["mean error", (s) => figure(s.bias)],
    ["clipped below, above", (s) => `${percent(s.clipped_lo)}, ${percent(s.clipped_hi)}`],
    ["float values", (s) => `${figure(s.float_min)} to ${figure(s.float_max)}`],
    ["range used", (s) => percent(s.range_use)], ["samples", (s) => figure(s.samples)],
    ["not finite", (s) => figure(s.nonfinite)],
  ];

  const samples = (target, layer) => {
    target.replaceChildren(...layer.worst.map((one) => {
      const made = element("figure");
      const image = data.images[one.sample];
      if (image) made.append(element("img", undefined, { src: image, alt: `input of sample ${one.sample}` }));
      const caption = element("figcaption");
      const text = one.sqnr_db === null ? `RMSE ${figure(one.rmse)}` : `${one.sqnr_db.toFixed(1)} dB`;
      caption.append(element("b", `Sample ${one.sample}`), element("br"), text);
      made.append(caption);
      return made;
    }));
  };

  const drawChannels = () => {
    const layer = layers[chosen];
    const stats = layer[$("side").value] || layer.propagated;
    const channels = stats.channels;
    if (!channels) return;
    const name = $("figure").value;
    const inLsb = layer.scale && ["rmse", "bias", "max_abs"].includes(name);
    const bar = { type: "bar", marker: { color: color("--second") }, x: channels.rmse.map((_, at) => at) };
    if (name === "range") {
      bar.base = channels.float_min;
      bar.y = channels.float_max.map((hi, at) => hi - channels.float_min[at]);
      bar.customdata = channels.float_max;
      bar.hovertemplate = "channel %{x}: %{base:.4~g} to %{customdata:.4~g}<extra></extra>";
    } else {
      bar.y = channels[name].map((value) => (value === null || !inLsb ? value : value / layer.scale));
      bar.hovertemplate = "channel %{x}: %{y:.4~g}<extra></extra>";
    }
    const label = $("figure").selectedOptions[0].textContent;
    draw("channels", [bar], {
      bargap: 0.15, xaxis: { title: { text: "channel" }, ...(bar.x.length <= 20 ? { dtick: 1 } : {}) }, yaxis: { title: { text: inLsb ? `${label} in LSB` : label } },
    });
  };

  const drawHistogram = () => {
    const found = layers[chosen].histogram;
    if (!found) return;
    const step = (counts, name, paint, fill) => ({
      name, type: "scatter", mode: "lines", x: found.edges, y: [...counts, counts[counts.length - 1]],
      line: { shape: "hv", color: color(paint), width: 1.5 }, ...(fill ? { fill: "tozeroy" } : {}),
      hovertemplate: "from %{x:.4~g}: %{y:,}<extra>" + name + "</extra>",
    });
    const shapes = [], annotations = [];
    const first = found.edges[0], last = found.edges[found.edges.length - 1];
    const pad = (last - first) * 0.04;
    for (const [at, name, beyond] of [[found.clip_lo, "clips", first], [found.clip_hi, "clips", last]]) {
      if (at === null || at < first - pad || at > last + pad) continue;
      shapes.push({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: color("--bad"), width: 1.5, dash: "dash" } });
      shapes.push({ type: "rect", x0: at, x1: at === found.clip_lo ? Math.min(beyond, at) - pad : Math.max(beyond, at) + pad, yref: "paper", y0: 0, y1: 1, fillcolor: color("--bad"), opacity: 0.12, line: { width: 0 } });
      annotations.push({ x: at, yref: "paper", y: 1, yanchor: "bottom", text: name, showarrow: false, font: { color: color("--bad"), size: 11 } });
    }
    draw("histogram", [step(found.float, "float", "--first", true), step(found.quantized, "quantized", "--second", false)], {
      shapes, annotations, hovermode: "x", legend: { orientation: "h", x: 0.5, xanchor: "center", y: -0.2, yanchor: "top" },
      margin: { l: 56, r: 12, t: 28, b: 60 }, xaxis: { range: [first - pad, last + pad], zeroline: false },
      yaxis: { type: $("log").checked ? "log" : "linear", title: { text: "values" }, exponentformat: "power", ...($("log").checked ? { dtick: 1 } : {}) },
    });
  };

  const drawSpatial = () => {
    const map = layers[chosen].spatial;
    if (!map) return;
    draw("spatial", [{ type: "heatmap", z: map, colorscale: "Viridis", hovertemplate: "row %{y}, column %{x}: %{z:.4~g}<extra></extra>", colorbar: { thickness: 12, outlinewidth: 0, exponentformat: "power" } }], {
      margin: { l: 36, r: 12, t: 12, b: 32 }, yaxis: { autorange: "reversed", scaleanchor: "x", constrain: "domain", showgrid: false },
      xaxis: { constrain: "domain", showgrid: false },
    });
  };

  const show = (at) => {
    chosen = at;
    const layer = layers[at];
    $("detail").hidden = false;
    rows.forEach((row) => row.classList.toggle("chosen", Number(row.dataset.at) === at));
    $("d-title").textContent = layer.node < 0 ? `${layer.op} ${layer.name}` : `${layer.op}, node ${layer.node}`;
    const scheme = layer.scale === null ? "" : `, scale ${figure(layer.scale)}, zero point ${layer.zero_point ?? 0}`;
    const twin = layer.float_name ? `; float: ${layer.float_op} ${layer.float_name}, matched by ${layer.evidence}` : "";
    $("d-names").textContent = `Tensor ${layer.tensor} ${layer.name}: ${layer.type}[${layer.shape.join(", ")}]${scheme}${twin}`;
    $("d-causes").replaceChildren(...layer.causes.map((cause) => {
      const made = element("p");
      made.append(element("code", cause.id), ` ${cause.text} `, element("em", cause.advice));
      return made;
    }), ...(layer.note ? [element("p", layer.note)] : []));
    const sides = ["propagated", "local"].filter((side) => layer[side]);
    const head = element("tr");
    head.append(element("th"), ...sides.map((side) => element("th", side, { className: "n" })));
    $("d-stats").replaceChildren(head, ...STATS.map(([name, of]) => {
      const row = element("tr");
      row.append(element("td", name), ...sides.map((side) => element("td", of(layer[side]), { className: "n" })));
      return row;
    }));
    const widest = Math.max(...layer.parts.map((part) => Math.abs(part.share)), 1e-9);
    $("d-split").hidden = !layer.parts.length;
    $("d-parts").replaceChildren(...layer.parts.map((part) => {
      const row = element("div", undefined, { className: "part" });
      const bar = element("i", undefined, { className: part.share < 0 ? "minus" : "" });
      bar.style.width = `${(100 * Math.abs(part.share)) / widest}%`;
      row.append(element("span", part.source), bar, element("span", percent(part.share), { className: "n" }));
      return row;
    }));
    $("side").disabled = !layer.local;
    $("d-worst").hidden = !layer.worst.length;
    samples($("worst"), layer);
    $("previous").disabled = at === 0;
    $("next").disabled = at === layers.length - 1;
    drawNetwork();
    drawLayer();
  };
  const drawLayer = () => {
    const layer = layers[chosen];
    // All of them before the first is drawn: a chart takes the width that the others leave.
    $("d-channels").hidden = !layer.propagated.channels;
    $("d-histogram").hidden = !layer.histogram;
    $("d-spatial").hidden = !layer.spatial;
    drawChannels();
    drawHistogram();
    drawSpatial();
  };

  // -- together -------------------------------------------------------------------------------------------

  const follow = (scroll) => {
    const at = /^#layer-(\d+)$/.exec(location.hash);
    if (!at || !layers[Number(at[1])]) return;
    show(Number(at[1]));
    if (scroll) $("detail").scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", () => follow(true));
  $("previous").addEventListener("click", () => (location.hash = `layer-${chosen - 1}`));
  $("next").addEventListener("click", () => (location.hash = `layer-${chosen + 1}`));
  for (const id of ["side", "figure"]) $(id).addEventListener("input", drawChannels);
  $("log").addEventListener("input", drawHistogram);
  for (const button of $("measure").children)
    button.addEventListener("click", () => {
      measure = button.dataset.value;
      for (const other of $("measure").children) other.setAttribute("aria-pressed", String(other === button));
      drawNetwork();
    });
  const redraw = () => {
    drawNetwork();
    if (chosen >= 0) drawLayer();
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", redraw);
  $("theme").addEventListener("click", () => {
    const dark = (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
    root.dataset.theme = dark ? "light" : "dark";
    redraw();
  });

  drawNetwork();
  $("network").on("plotly_click", (event) => (location.hash = `layer-${event.points[0].x}`));
  const worst = $("output-worst");
  if (worst) samples(worst, layers[Number(worst.dataset.at)]);
  follow(true);
})();
