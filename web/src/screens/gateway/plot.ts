/** ECharts with only what the charts of this screen need. It is large, so it is fetched when a chart is first drawn. */

import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { type ECharts, init, use as register } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { exactTime } from "@/core/format";
import type { ChartData, ChartLine, ChartUnit, Tone } from "@/core/gatewayCharts";
import { durationWords, rateWords, shareWords } from "@/core/gatewayFigures";

register([LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

/** The colours of the theme in force, read from the page. */
export type Ink = Readonly<Record<Tone | "text" | "muted" | "line" | "surface" | "border", string>>;

const WORDS: Record<ChartUnit, (value: number) => string> = { per_s: rateWords, ms: durationWords, ratio: shareWords };
const LEAST_SPAN_MS = 5 * 60_000;
const FONT = "system-ui, sans-serif";

/** Give an empty chart in an element. */
export function plotIn(element: HTMLElement): ECharts {
  return init(element, null, { renderer: "svg" });
}

/** Draw a chart's data: quiet axes, the theme's inks, nothing that moves. */
export function draw(chart: ECharts, data: ChartData, ink: Ink): void {
  const words = WORDS[data.unit];
  const last = data.t.at(-1) ?? 0;
  chart.setOption(
    {
      animation: false,
      grid: { left: 8, right: 10, top: 10, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: {
        type: "time",
        // A gateway that has just started would otherwise draw two points across the whole width.
        min: Math.min(data.t[0] ?? 0, last - LEAST_SPAN_MS),
        axisLine: { lineStyle: { color: ink.line } },
        axisTick: { show: false },
        splitNumber: 4,
        axisLabel: { color: ink.muted, fontSize: 11, fontFamily: FONT, hideOverlap: true, formatter: "{HH}:{mm}" },
      },
      yAxis: {
        type: "value",
        min: 0,
        max: data.top,
        interval: data.top / 2,
        axisLabel: { color: ink.muted, fontSize: 11, fontFamily: FONT, formatter: words },
        splitLine: { lineStyle: { color: ink.line } },
      },
      tooltip: {
        trigger: "axis",
        confine: true,
        transitionDuration: 0,
        backgroundColor: ink.surface,
        borderColor: ink.border,
        borderWidth: 1,
        padding: [6, 10],
        textStyle: { color: ink.text, fontSize: 12, fontFamily: FONT },
        axisPointer: { lineStyle: { color: ink.muted, type: "solid", width: 1 } },
        formatter: (points: { dataIndex: number }[]) => tipOf(data, points[0]?.dataIndex ?? 0, words, ink),
      },
      series: data.lines.map((line, index) => ({
        type: "line",
        name: line.label,
        data: line.values.map((value, at) => [data.t[at], value]),
        color: ink[line.tone],
        symbol: "circle",
        symbolSize: 4,
        showSymbol: false,
        // A point without neighbours is no line; without its mark it would not be seen.
        showAllSymbol: false,
        lineStyle: { width: isFlat(line) ? 0 : 1.5 },
        ...(line.filled ? { areaStyle: { opacity: 0.12 } } : {}),
        emphasis: { disabled: true },
        ...(index === 0 && data.threshold !== null ? { markLine: thresholdLine(data.threshold, ink) } : {}),
      })),
    },
    { notMerge: true },
  );
}

/** No errors at all is good news, and no red line along the axis. */
const isFlat = ({ tone, values }: ChartLine): boolean => tone === "bad" && values.every((value) => value === 0);

function thresholdLine({ value, label }: { value: number; label: string }, ink: Ink) {
  return {
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: ink.muted, type: "dashed", width: 1 },
    label: { position: "insideStartTop", formatter: `goal ${label}`, color: ink.muted, fontSize: 11, fontFamily: FONT, textBorderWidth: 0 },
    data: [{ yAxis: value }],
  };
}

/** Labels are this file's own and values are numbers, so nothing in it needs escaping. */
function tipOf(data: ChartData, at: number, words: (value: number) => string, ink: Ink): string {
  const rows = data.lines.map((line) => {
    const value = line.values[at];
    const mark = `<span style="display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:6px;background:${ink[line.tone]}"></span>`;
    return `<div style="display:flex;gap:16px;justify-content:space-between"><span>${mark}${line.label}</span><b style="font-weight:500">${value === null || value === undefined ? "–" : words(value)}</b></div>`;
  });
  return `<div style="color:${ink.muted};margin-bottom:2px">${exactTime(data.t[at] ?? null)}</div>${rows.join("")}`;
}
