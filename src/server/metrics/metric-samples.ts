/**
 * From a row of the table and a reading of the server to samples in Prometheus's sense: name,
 * labels, value. ZooKeeper 3.9 shows of a summary the median, and of a detailed one two quantiles
 * more, of the last one to two minutes; NaN when nothing was measured in them.
 */
import type { HistogramRow, MetricRow, Reading, SummaryRow } from "./metric-row.ts";

/** One line of the exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const noLabels = {};

/** Upper bounds of histograms, as powers of two of a millisecond: from 62.5 µs to 16.4 s. */
const octaves = Array.from({ length: 19 }, (_, index) => index - 4);

export function samplesOf(row: MetricRow, reading: Reading): Sample[] {
  const { name } = row;
  if (row.type === "summary") return summarySamples(row, reading);
  if (row.type === "histogram") return histogramSamples(row, reading);
  if ("label" in row) {
    const { label } = row;
    return Array.from(row.readAll(reading), ([key, value]) => {
      return { name, labels: { [label]: key }, value };
    });
  }
  const value = row.read(reading);
  return value === null ? [] : [{ name, labels: noLabels, value }];
}

function summarySamples({ name, isDetailed, read }: SummaryRow, reading: Reading): Sample[] {
  const summary = read(reading);
  const samples = (isDetailed ? [0.5, 0.9, 0.99] : [0.5]).map((quantile) => {
    return { name, labels: { quantile }, value: summary.quantile(quantile, "window") };
  });
  return [
    ...samples,
    { name: `${name}_count`, labels: noLabels, value: summary.count },
    { name: `${name}_sum`, labels: noLabels, value: summary.sum },
  ];
}

function histogramSamples({ name, label, readAll }: HistogramRow, reading: Reading): Sample[] {
  const samples: Sample[] = [];
  for (const [key, summary] of readAll(reading)) {
    const labels = label === null ? noLabels : { [label]: key };
    for (const octave of octaves) {
      const le = 2 ** octave / 1000;
      const value = summary.countBelow(octave);
      samples.push({ name: `${name}_bucket`, labels: { ...labels, le }, value });
    }
    samples.push(
      { name: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: summary.count },
      { name: `${name}_count`, labels, value: summary.count },
      { name: `${name}_sum`, labels, value: summary.sum / 1000 },
    );
  }
  return samples;
}
