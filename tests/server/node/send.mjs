// Records one span of each kind with everything that a span can have, sends them, prints what it sent.
// usage: node send.mjs proto|json ENDPOINT none|gzip
import { SpanKind, SpanStatusCode, TraceFlags, createTraceState, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [encoding, url, compression] = process.argv.slice(2);
const Exporter = encoding === "proto" ? ProtoExporter : JsonExporter;
const results = [];
const exporter = new Exporter({ url, compression });
const finished = [];
const keep = {
  onStart() {},
  onEnd: (span) => finished.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop-node", "host.cpus": 2, "a.list": ["x", "y"] }),
  spanProcessors: [keep],
});
const tracer = provider.getTracer("the scope", "9.9");
const linked = {
  traceId: "0123456789abcdef0123456789abcdef",
  spanId: "0123456789abcdef",
  traceFlags: TraceFlags.SAMPLED,
  traceState: createTraceState("l=1"),
};
const parent = { ...linked, spanId: "fedcba9876543210", traceState: createTraceState("vendor=a:b"), isRemote: true };
const attributes = {
  text: "grün 中文 😀",
  empty: "",
  true: true,
  false: false,
  int: 42,
  zero: 0,
  largest: Number.MAX_SAFE_INTEGER,
  negative: -5,
  double: 0.1,
  texts: ["a", "b"],
  ints: [1, 2],
  doubles: [0.5, 1.5],
  bools: [true, false],
  none: [],
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.usage.input_tokens": 7,
  "gen_ai.response.finish_reasons": ["stop"],
};
for (const kind of Object.values(SpanKind).filter((value) => typeof value === "number")) {
  const links = [{ context: linked, attributes: { why: "because" } }];
  const span = tracer.startSpan(`${SpanKind[kind]} span`, { kind, links }, trace.setSpanContext(ROOT_CONTEXT, parent));
  span.setAttributes(attributes);
  span.addEvent("first", { n: 1, text: "ü" }, [1795341600, 1]);
  span.recordException(new Error("broke"));
  span.setStatus({ code: SpanStatusCode.ERROR, message: "it broke" });
  span.end();
}
await new Promise((done) =>
  exporter.export(finished, (result) => {
    results.push(result);
    done();
  }),
);
await exporter.shutdown();

const ns = ([seconds, nanos]) => (BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toString();
console.log(
  JSON.stringify({
    code: results[0].code,
    error: results[0].error?.message,
    attributes,
    resource: finished[0].resource.attributes,
    spans: finished.map((span) => ({
      trace_id: span.spanContext().traceId,
      span_id: span.spanContext().spanId,
      name: span.name,
      kind: SpanKind[span.kind].toLowerCase(),
      start_ns: ns(span.startTime),
      end_ns: ns(span.endTime),
      events: span.events.map((e) => ({ name: e.name, time_ns: ns(e.time), attributes: e.attributes })),
    })),
  }),
);
