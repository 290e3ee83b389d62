// Draws series of days with uPlot; its colours are those of the legend, and so the style sheet's.
// Works by mouse, by touch (a tap reads a day out) and by keyboard (arrows, Home, End, Enter).

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { ofSeconds, seconds } from "./days.js";

const DAY = 86_400;
const HEIGHT = 300;
const FEW_DAYS = 45;
const LEAST_DRAG = 12;
const WHOLE_STEPS = Array.from(
  { length: 30 },
  (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3),
);

let shown = null;

/**
 * Draw a chart in a container, which is sized by the page: of `days`, `series` of {kind, drawn}
 * within `bounds`, with `axis` to write a value, in whole steps if the values are counts (`isWhole`),
 * and `say` to tell what a day has. When somebody looks at a day it is `read`, when they want to see
 * it whole it is `open`ed; a drag over several `zoom`s to them.
 */
export function drawChart(container, chart) {
  shown?.destroy();
  shown = new Chart(container, chart);
}

class Chart {
  constructor(container, chart) {
    Object.assign(this, { container, ...chart });
    this.index = chart.days.length - 1;
    this.redraw = () => this.draw();
    this.resized = new ResizeObserver(() => {
      if (this.plot && container.clientWidth !== this.plot.width) {
        this.plot.setSize({ width: container.clientWidth, height: HEIGHT });
      }
    });
    this.draw();
    this.makeOperable();
    this.resized.observe(container);
    document.addEventListener("themechange", this.redraw);
  }

  destroy() {
    this.resized.disconnect();
    document.removeEventListener("themechange", this.redraw);
    this.plot.destroy();
  }

  draw() {
    this.plot?.destroy();
    // What is drawn last lies on top, and the first series is the one that matters.
    this.layers = this.series.toReversed();
    this.plot = new uPlot(
      this.options(),
      [this.days.map(seconds), ...this.layers.map(({ drawn }) => drawn)],
      this.container,
    );
    this.moveReadout(this.index);
  }

  options() {
    const ink = getComputedStyle(this.container).color;
    const faint = getComputedStyle(this.container).borderTopColor;
    const axis = {
      stroke: ink,
      font: `12px ${getComputedStyle(this.container).fontFamily}`,
      ticks: { show: false },
      grid: { stroke: faint, width: 1 },
    };
    return {
      width: this.container.clientWidth,
      height: HEIGHT,
      padding: [12, 8, 0, 0],
      tzDate: (value) => uPlot.tzDate(new Date(value * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { range: (_, first, last) => [first - DAY / 2, last + DAY / 2] },
        y: {
          range: () =>
            uPlot.rangeNum(this.bounds.low, this.bounds.high || (this.bounds.low < 0 ? 0 : 1), {
              min: { pad: 0.05, soft: 0, mode: 1 },
              max: { pad: 0.08 },
            }),
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 32,
          space: 72,
          values: dayLabels,
          incrs: [1, 2, 7, 14, 30, 60, 90, 180, 365].map((n) => n * DAY),
        },
        {
          ...axis,
          size: 64,
          space: 56,
          ...(this.isWhole ? { incrs: WHOLE_STEPS } : {}),
          values: (_, splits) => splits.map((split) => this.axis(split)),
        },
      ],
      series: [{}, ...this.layers.map((layer) => this.style(layer))],
      hooks: {
        drawAxes: [(plot) => drawZero(plot, ink)],
        setCursor: [({ cursor }) => cursor.idx != null && this.moveReadout(cursor.idx)],
        setSelect: [({ select, posToVal }) => this.zoomTo(select, posToVal)],
      },
    };
  }

  style({ kind }) {
    const stroke = getComputedStyle(this.swatch(kind)).backgroundColor;
    const points = { show: this.days.length <= 2 };
    if (kind === "bars") {
      return {
        stroke,
        fill: stroke,
        width: 0,
        paths: uPlot.paths.bars({ size: [0.5, 14] }),
        points: { show: false },
      };
    }
    if (kind === "earlier") return { stroke, width: 1.5, dash: [5, 4], points };
    if (kind === "thin") return { stroke, width: 1.5, points };
    return {
      stroke,
      width: 2.5,
      fill: faded(stroke),
      points: { show: this.days.length <= FEW_DAYS, size: 5, fill: stroke },
    };
  }

  swatch(kind) {
    return this.container.parentElement.querySelector(`.swatch.${kind}`);
  }

  moveReadout(index) {
    this.index = index;
    this.read(index);
    this.container.setAttribute("aria-valuenow", index + 1);
    this.container.setAttribute("aria-valuetext", this.say(index));
  }

  /** A slider along the days is what a screen reader knows how to move and read out. */
  makeOperable() {
    const attributes = {
      tabindex: "0",
      role: "slider",
      "aria-label": `${this.label}. Arrow keys move by a day, Enter opens the day's orders`,
      "aria-valuemin": 1,
      "aria-valuemax": this.days.length,
    };
    for (const [name, value] of Object.entries(attributes))
      this.container.setAttribute(name, value);
    this.container.addEventListener("keydown", (event) => this.onKey(event));
    this.container.addEventListener("click", (event) => {
      const isTap = event.pointerType && event.pointerType !== "mouse";
      if (!isTap && !this.dragged && event.target.closest(".u-over"))
        this.open(this.days[this.index]);
      this.dragged = false;
    });
  }

  onKey(event) {
    const last = this.days.length - 1;
    const moves = {
      ArrowLeft: this.index - 1,
      ArrowDown: this.index - 1,
      ArrowRight: this.index + 1,
      ArrowUp: this.index + 1,
      PageDown: this.index - 7,
      PageUp: this.index + 7,
      Home: 0,
      End: last,
    };
    if (event.key in moves) {
      event.preventDefault();
      this.moveTo(Math.max(0, Math.min(last, moves[event.key])));
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.open(this.days[this.index]);
    }
  }

  moveTo(index) {
    const left = this.plot.valToPos(seconds(this.days[index]), "x");
    this.plot.setCursor({ left, top: 10 }, false);
    this.moveReadout(index);
  }

  zoomTo(select, posToVal) {
    this.dragged = select.width >= LEAST_DRAG;
    if (!this.dragged) return;
    const first = ofSeconds(posToVal(select.left, "x"));
    const last = ofSeconds(posToVal(select.left + select.width, "x"));
    if (first < last) this.zoom(first, last);
  }
}

function dayLabels(plot, splits, _, __, increment) {
  const byMonth = increment >= 30 * DAY;
  const options = byMonth
    ? { month: "short", year: "2-digit" }
    : { day: "numeric", month: "short" };
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return splits.map((split) => format.format(new Date(split * 1000)));
}

/** Where there are values below zero, the line of zero tells them from those above. */
function drawZero({ ctx, bbox, scales, valToPos }, colour) {
  if (scales.y.min >= 0) return;
  const height = Math.round(valToPos(0, "y", true));
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, height);
  ctx.lineTo(bbox.left + bbox.width, height);
  ctx.stroke();
  ctx.restore();
}

function faded(colour) {
  return colour.replace(/^rgb\(([^)]*)\)$/, "rgba($1, 0.1)");
}
