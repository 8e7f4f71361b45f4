import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import type { Logger } from "../log/log.ts";
import { version } from "../version.ts";
import { readTraceparent, type TracePlace, writeTraceparent } from "./traceparent.ts";
import type { Span, SpanBegin, TraceSettings, Traces } from "./traces.ts";

/** Most spans in memory while the collector is away; further ones are dropped. */
const longestQueue = 8_192;
const batch = 512;
const sendEveryMs = 1_000;
/** A request to the collector, its repetitions included. */
const sendWithinMs = 5_000;
const closeWithinMs = 2_000;

const kinds = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;

/**
 * Sends spans to a collector by OTLP over HTTP, in batches in the background. Headers that the collector asks for come by the environment,
 * `OTEL_EXPORTER_OTLP_HEADERS`.
 */
export function otlpTraces({ url, every }: TraceSettings, log: Pick<Logger, "warn">): Traces {
  const exporter = new OTLPTraceExporter({ url: tracesAddress(url), timeoutMillis: sendWithinMs });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      "service.name": "tillkeeper",
      "service.version": version,
      "service.instance.id": randomUUID(),
    }),
    // Whether a trace is recorded is decided once, in `root`.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [
      new BatchSpanProcessor(reported(exporter, log), {
        maxQueueSize: longestQueue,
        maxExportBatchSize: batch,
        scheduledDelayMillis: sendEveryMs,
        exportTimeoutMillis: 2 * sendWithinMs,
      }),
    ],
  });
  const tracer = provider.getTracer("tillkeeper", version);
  const chosen = () => every === 1 || Math.random() * every < 1;
  return {
    root(begin, header) {
      const caller = header === undefined ? undefined : readTraceparent(header);
      if (caller?.recorded === false || !chosen()) return undefined;
      return beginSpan(tracer, begin, caller);
    },
    child(parent, begin) {
      const place = parent ? readTraceparent(parent) : undefined;
      return place?.recorded ? beginSpan(tracer, begin, place) : undefined;
    },
    async close() {
      await Promise.race([provider.shutdown(), sleep(closeWithinMs, undefined, { ref: false })]);
    },
  };
}

function beginSpan(tracer: Tracer, { name, facts, kind, beganAt }: SpanBegin, parent: TracePlace | undefined): Span {
  const above = parent && {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
  const context = above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT;
  const span = tracer.startSpan(
    name,
    {
      kind: kind ? kinds[kind] : SpanKind.INTERNAL,
      ...(facts && { attributes: facts }),
      ...(beganAt !== undefined && { startTime: beganAt }),
    },
    context,
  );
  return {
    traceparent: writeTraceparent(span.spanContext()),
    end({ facts: more, error } = {}) {
      if (more) span.setAttributes(more);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end();
    },
  };
}

function tracesAddress(url: string): string {
  const base = new URL(url);
  if (!base.pathname.endsWith("/v1/traces")) base.pathname = `${base.pathname.replace(/\/$/, "")}/v1/traces`;
  return base.href;
}

/** Tells the log of batches that could not be sent, which are lost; the log has one such line a minute. */
function reported(exporter: SpanExporter, log: Pick<Logger, "warn">): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, ({ code, error }) => {
        if (code !== ExportResultCode.SUCCESS)
          log.warn({ reason: error?.message ?? "unknown" }, "traces could not be sent");
        done({ code: ExportResultCode.SUCCESS });
      }),
    shutdown: () => exporter.shutdown(),
  };
}
