import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";

import type { ChartData, ChartUnit } from "@/core/gatewayCharts";
import { durationWords, rateWords, shareWords } from "@/core/gatewayFigures";

import classes from "./gateway.module.css";
import type * as plotModule from "./plot";
import type { Ink } from "./plot";

type Plot = typeof plotModule;

const WORDS: Record<ChartUnit, (value: number) => string> = { per_s: (value) => `${rateWords(value)}/s`, ms: durationWords, ratio: shareWords };

const INKS: Record<keyof Ink, string> = {
  accent: "--dx-accent",
  quiet: "--dx-debug",
  bad: "--dx-error",
  text: "--dx-text",
  muted: "--dx-muted",
  line: "--dx-line",
  surface: "--dx-surface",
  border: "--dx-line-strong",
};

function inkOf(element: HTMLElement): Ink {
  const style = getComputedStyle(element);
  return Object.fromEntries(Object.entries(INKS).map(([name, variable]) => [name, style.getPropertyValue(variable).trim()])) as Ink;
}

/** A plot of the last hour, what it says in a sentence, and the newest value of each line. */
export function Chart({ data }: { data: ChartData }) {
  const caption = useId();
  return (
    <figure className={classes.chart}>
      <div className={classes.chartHead}>
        <h3>{data.title}</h3>
        <ul className={classes.legend}>
          {data.lines.map((line) => {
            const newest = line.values.at(-1) ?? null;
            return (
              <li key={line.label}>
                <i data-tone={line.tone} aria-hidden />
                {line.label} <b>{newest === null ? "–" : WORDS[data.unit](newest)}</b>
              </li>
            );
          })}
        </ul>
      </div>
      <Plotted data={data} describedBy={caption} />
      <figcaption id={caption}>{data.summary}</figcaption>
    </figure>
  );
}

function Plotted({ data, describedBy }: { data: ChartData; describedBy: string }) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const [plot, setPlot] = useState<Plot | null>(null);
  const [failed, setFailed] = useState(false);
  const drawn = useRef<ReturnType<Plot["plotIn"]>>(null);

  useEffect(() => {
    let here = true;
    import("./plot").then(
      (loaded) => here && setPlot(loaded),
      () => here && setFailed(true),
    );
    return () => {
      here = false;
    };
  }, []);

  useEffect(() => {
    const element = place.current;
    if (plot === null || element === null) return;
    const chart = plot.plotIn(element);
    drawn.current = chart;
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.dispose();
      drawn.current = null;
    };
  }, [plot]);

  useEffect(() => {
    // One frame later the page wears the theme that was chosen, and its colours can be read.
    const frame = requestAnimationFrame(() => {
      if (plot !== null && drawn.current !== null && place.current !== null) plot.draw(drawn.current, data, inkOf(place.current));
    });
    return () => cancelAnimationFrame(frame);
  }, [plot, data, scheme]);

  if (failed) return <p className={classes.plot}>The plot could not be loaded; the text below says the same. Reload the page to try again.</p>;
  return <div ref={place} className={classes.plot} role="img" aria-label={`Plot: ${data.title}, last hour`} aria-describedby={describedBy} />;
}
